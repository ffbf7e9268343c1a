#include "parallel.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#include <pthread.h>
#endif

namespace nonlin {
namespace {

struct Work {
  const std::function<void(int)>* part;
  int parts;
  std::atomic<int> next{0};

  void run() {
    for (int i = next++; i < parts; i = next++) (*part)(i);
  }
};

// The pool for a process without OpenMP. Its threads sleep between calls and are never joined:
// they hold nothing that the end of the process would have to wait for.
class Pool {
 public:
  void run(Work& work, int helpers) {
    std::unique_lock<std::mutex> turn(turns_, std::try_to_lock);
    if (!turn.owns_lock()) return work.run();  // Another thread computes on the pool.
    {
      std::lock_guard<std::mutex> lock(mutex_);
      while (started_ < helpers) {
        std::thread([this, index = started_] { serve(index); }).detach();
        ++started_;
      }
      work_ = &work;
      wanted_ = running_ = helpers;
      ++round_;
    }
    wake_.notify_all();
    work.run();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void serve(int index) {
    unsigned seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return round_ != seen; });
      seen = round_;
      if (index >= wanted_) continue;
      Work* work = work_;
      lock.unlock();
      work->run();
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  std::mutex turns_, mutex_;
  std::condition_variable wake_, done_;
  Work* work_ = nullptr;
  int started_ = 0, wanted_ = 0, running_ = 0;
  unsigned round_ = 0;
};

// A forked child has none of its parent's threads: it starts a pool of its own, and leaves
// the parent's as it is, whose locks may be held by threads that are no more.
std::atomic<Pool*> pool{nullptr};

Pool& own_pool() {
  Pool* found = pool.load();
  if (found == nullptr) {
    Pool* made = new Pool;
    if (pool.compare_exchange_strong(found, made)) {
#if defined(__unix__) || defined(__APPLE__)
      static std::once_flag once;
      std::call_once(once, [] { pthread_atfork(nullptr, nullptr, [] { pool = nullptr; }); });
#endif
      return *made;
    }
    delete made;
  }
  return *found;
}

typedef void OpenMP(void (*function)(void*), void* data, unsigned threads, unsigned flags);
std::atomic<OpenMP*> openmp{nullptr};

}  // namespace

void run_parts(int parts, int threads, const std::function<void(int)>& part) {
  Work work{&part, parts};
  if (threads > parts) threads = parts;
  if (threads <= 1) return work.run();
  if (OpenMP* shared = openmp) {
    shared([](void* data) { static_cast<Work*>(data)->run(); }, &work, unsigned(threads), 0);
  } else {
    own_pool().run(work, threads - 1);
  }
}

bool share_pool(const char* path) {
#if defined(__unix__) || defined(__APPLE__)
  void* library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return false;
  openmp = reinterpret_cast<OpenMP*>(dlsym(library, "GOMP_parallel"));
#else
  (void)path;
#endif
  return openmp != nullptr;
}

}  // namespace nonlin
