#include "driver.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "parallel.h"
#include "sets.h"
#include "tables.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace nonlin {
namespace {

std::size_t size_of(Number number) {
  return number == Number::float64 ? 8 : number == Number::float32 ? 4 : 2;
}

// The kernel on contiguous numbers.
void compute(const Entry& entry, Mode mode, void* x, void* upstream, void* first, void* second,
             std::size_t count, const double* parameters) {
  if (is_narrow(entry.number)) {
    apply_narrow(*entry.kernel, entry.number, mode, static_cast<uint16_t*>(x),
                 static_cast<uint16_t*>(upstream), static_cast<uint16_t*>(first),
                 static_cast<uint16_t*>(second), count, parameters);
  } else {
    entry.kernel->apply[mode](x, upstream, first, second, count, parameters);
  }
}

// Elements that a thread takes at a time: large beside the cost of taking them, small beside
// the cache.
constexpr std::size_t kPart = 16384;
// Of long arrays a thread takes huge pages of its own, so that no two wait for the same fault.
constexpr std::size_t kLong = std::size_t(1) << 22, kLongPart = std::size_t(1) << 19;

char* at(void* operand, std::size_t bytes) {
  return operand == nullptr ? nullptr : static_cast<char*>(operand) + bytes;
}

// The array as a walk over its elements with one index, whatever its dimensions.
class Walk {
 public:
  Walk(const std::vector<std::ptrdiff_t>& shape,
       const std::vector<std::ptrdiff_t> (&strides)[kOperands], std::size_t start)
      : shape_(shape), strides_(strides), index_(shape.size()) {
    for (std::size_t d = shape.size(); d-- > 0;) {
      index_[d] = std::ptrdiff_t(start % std::size_t(shape[d]));
      start /= std::size_t(shape[d]);
      for (int k = 0; k < kOperands; ++k) {
        if (!strides[k].empty()) offset_[k] += index_[d] * strides[k][d];
      }
    }
  }

  // Elements left along the last dimension.
  std::size_t run() const { return std::size_t(shape_.back() - index_.back()); }
  std::ptrdiff_t offset(int k) const { return offset_[k]; }
  std::ptrdiff_t step(int k) const { return strides_[k].back(); }

  void advance(std::size_t count) {
    std::size_t d = shape_.size() - 1;
    move(d, std::ptrdiff_t(count));
    while (index_[d] == shape_[d] && d > 0) {
      move(d, -shape_[d]);
      move(--d, 1);
    }
  }

 private:
  void move(std::size_t d, std::ptrdiff_t by) {
    index_[d] += by;
    for (int k = 0; k < kOperands; ++k) {
      if (!strides_[k].empty()) offset_[k] += by * strides_[k][d];
    }
  }

  const std::vector<std::ptrdiff_t>& shape_;
  const std::vector<std::ptrdiff_t> (&strides_)[kOperands];
  std::vector<std::ptrdiff_t> index_;
  std::ptrdiff_t offset_[kOperands] = {};
};

// Joins dimensions that are regular together, and drops those of one element.
void simplify(std::vector<std::ptrdiff_t>& shape,
              std::vector<std::ptrdiff_t> (&strides)[kOperands]) {
  auto joined = [&](std::size_t d) {
    if (shape[d] == 1 || shape[d + 1] == 1) return true;
    return std::all_of(strides, strides + kOperands, [&](const auto& of) {
      return of.empty() || of[d] == of[d + 1] * shape[d + 1];
    });
  };
  for (std::size_t d = shape.size(); d-- > 1;) {
    if (!joined(d - 1)) continue;
    for (auto& of : strides) {
      if (of.empty()) continue;
      if (shape[d] == 1) of[d] = of[d - 1];
      of.erase(of.begin() + std::ptrdiff_t(d) - 1);
    }
    shape[d] *= shape[d - 1];
    shape.erase(shape.begin() + std::ptrdiff_t(d) - 1);
  }
}

// Copies a run of elements between a block and the array.
template <class T>
void copy(T* to, std::ptrdiff_t to_step, const T* from, std::ptrdiff_t from_step,
          std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[std::ptrdiff_t(i) * to_step] = from[std::ptrdiff_t(i) * from_step];
}

template <class T, class Compute>
void blockwise(void* const (&operands)[kOperands], const std::vector<std::ptrdiff_t>& shape,
               const std::vector<std::ptrdiff_t> (&strides)[kOperands], std::size_t start,
               std::size_t count, const Compute& compute) {
  constexpr std::size_t kBlock = 512;
  T blocks[kOperands][kBlock];
  Walk read(shape, strides, start), write = read;
  while (count > 0) {
    const std::size_t block = std::min(count, kBlock);
    for (std::size_t i = 0; i < block;) {
      const std::size_t run = std::min(block - i, read.run());
      for (int k = 0; k < 2; ++k) {
        if (operands[k] == nullptr) continue;
        const T* from = static_cast<const T*>(operands[k]) + read.offset(k);
        copy(blocks[k] + i, 1, from, read.step(k), run);
      }
      read.advance(run);
      i += run;
    }
    compute(blocks[0], blocks[1], blocks[2], blocks[3], block);
    for (std::size_t i = 0; i < block;) {
      const std::size_t run = std::min(block - i, write.run());
      for (int k = 2; k < kOperands; ++k) {
        if (operands[k] == nullptr) continue;
        copy(static_cast<T*>(operands[k]) + write.offset(k), write.step(k), blocks[k] + i, 1, run);
      }
      write.advance(run);
      i += run;
    }
    count -= block;
  }
}

// Splits `count` elements into parts for threads.
template <class Part>
void in_parts(std::size_t count, int threads, const Part& part) {
  const std::size_t size = count < kLong ? kPart : kLongPart;
  const std::size_t parts = (count + size - 1) / size;
  if (threads <= 1 || parts <= 1) {
    if (count > 0) part(0, count);
    return;
  }
  run_parts(int(parts), threads, [&](int i) {
    const std::size_t start = std::size_t(i) * size;
    part(start, std::min(size, count - start));
  });
}

}  // namespace

const std::vector<Entry>& entries() {
  static const std::vector<Entry>* all = [] {
    auto* made = new std::vector<Entry>;
    for (const Kernels& kernels : chosen_set().kernels) {
      for (int i = 0; i < kernels.count; ++i) {
        const Kernel* kernel = kernels.first + i;
        if (kernel->type == Type::float32) {
          made->push_back({kernel, Number::float32});
        } else {
          for (Number number : {Number::float64, Number::float16, Number::bfloat16}) {
            made->push_back({kernel, number});
          }
        }
      }
    }
    return made;
  }();
  return *all;
}
const char* instruction_set() { return chosen_set().name; }

void apply(const Entry& entry, Mode mode, void* const (&operands)[kOperands], std::size_t count,
           const double* parameters, int threads) {
  const std::size_t size = size_of(entry.number);
  if (is_narrow(entry.number)) prepare_narrow(*entry.kernel, entry.number, mode, count, parameters);
  in_parts(count, threads, [&](std::size_t start, std::size_t part) {
    const std::size_t skip = start * size;
    compute(entry, mode, at(operands[0], skip), at(operands[1], skip), at(operands[2], skip),
            at(operands[3], skip), part, parameters);
  });
}

void apply_strided(const Entry& entry, Mode mode, void* const (&operands)[kOperands],
                   std::vector<std::ptrdiff_t> shape,
                   std::vector<std::ptrdiff_t> (&strides)[kOperands], const double* parameters,
                   int threads) {
  std::size_t count = 1;
  for (std::ptrdiff_t length : shape) count *= std::size_t(length);
  if (count == 0) return;
  if (shape.empty()) return apply(entry, mode, operands, 1, parameters, 1);
  simplify(shape, strides);
  const bool regular = shape.size() == 1 && std::all_of(strides, strides + kOperands, [](auto& of) {
                         return of.empty() || of[0] == 1;
                       });
  if (regular) return apply(entry, mode, operands, count, parameters, threads);
  if (is_narrow(entry.number)) prepare_narrow(*entry.kernel, entry.number, mode, count, parameters);
  const auto block = [&](void* x, void* upstream, void* first, void* second, std::size_t n) {
    compute(entry, mode, x, upstream, first, second, n, parameters);
  };
  in_parts(count, threads, [&](std::size_t start, std::size_t part) {
    switch (size_of(entry.number)) {
      case 8:
        return blockwise<uint64_t>(operands, shape, strides, start, part, block);
      case 4:
        return blockwise<uint32_t>(operands, shape, strides, start, part, block);
      default:
        return blockwise<uint16_t>(operands, shape, strides, start, part, block);
    }
  });
}

double reduce(const Entry& entry, int parameter, const void* x, const void* upstream,
              std::size_t count, const double* parameters, int threads) {
  const std::size_t size = size_of(entry.number), parts = (count + kPart - 1) / kPart;
  std::vector<double> sums(parts);
  run_parts(int(parts), threads, [&](int i) {
    const std::size_t start = std::size_t(i) * kPart, part = std::min(kPart, count - start);
    const char* from = static_cast<const char*>(x) + start * size;
    const char* by = static_cast<const char*>(upstream) + start * size;
    sums[std::size_t(i)] =
        is_narrow(entry.number)
            ? reduce_narrow(*entry.kernel, entry.number, parameter,
                            reinterpret_cast<const uint16_t*>(from),
                            reinterpret_cast<const uint16_t*>(by), part, parameters)
            : entry.kernel->reduce[parameter](from, by, part, parameters);
  });
  double total = 0;
  for (double sum : sums) total += sum;
  return total;
}

void advise(void* memory, std::size_t bytes) {
#if defined(__linux__)
  const std::uintptr_t page = std::uintptr_t(sysconf(_SC_PAGESIZE));
  const std::uintptr_t start = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
  // A hint: a kernel that knows no huge pages refuses it, and nothing else changes.
  if (end > start) (void)madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
}

}  // namespace nonlin
