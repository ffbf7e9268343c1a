// Runs every kernel in every mode over lengths, strides and threads, on buffers of exactly the
// size that may be touched: built with sanitizers (make sanitize), a stray access ends it.
#include "../src/driver.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "../src/narrow.h"

namespace {

using nonlin::Entry;
using nonlin::Number;

int failures = 0;

void expect(bool fine, const Entry& entry, const char* what, std::size_t count) {
  if (fine) return;
  ++failures;
  std::printf("%s: %s, %zu elements\n", entry.kernel->name, what, count);
}

std::size_t size_of(Number number) {
  return number == Number::float64 ? 8 : number == Number::float32 ? 4 : 2;
}

std::vector<char> numbers(Number number, std::size_t count) {
  std::vector<char> bytes(count * size_of(number));
  const double extremes[] = {0.0, -0.0, 400, -400, 3e38, -3e38, 1e-45, INFINITY, -INFINITY, NAN};
  for (std::size_t i = 0; i < count; ++i) {
    const double x = i % 7 == 6 ? extremes[i / 7 % 10] : std::sin(double(i)) * 12;
    char* to = bytes.data() + i * size_of(number);
    const float f = float(x);
    const uint16_t h = nonlin::is_narrow(number) ? nonlin::narrow(number, x) : uint16_t(0);
    if (number == Number::float64) std::memcpy(to, &x, 8);
    if (number == Number::float32) std::memcpy(to, &f, 4);
    if (nonlin::is_narrow(number)) std::memcpy(to, &h, 2);
  }
  return bytes;
}

const double kParameters[nonlin::kParameters] = {1.5, 0.5, 1.0, 1.0};

void exercise(const Entry& entry) {
  const std::size_t size = size_of(entry.number);
  for (int mode = 0; mode < nonlin::kModes; ++mode) {
    const auto how = nonlin::Mode(mode);
    for (std::size_t count : {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 67, 1000, 40000}) {
      std::vector<char> x = numbers(entry.number, count), upstream = numbers(entry.number, count);
      std::vector<char> first(count * size), second(count * size);
      void* operands[] = {x.data(), how == nonlin::kGradient ? upstream.data() : nullptr,
                          first.data(), how == nonlin::kBoth ? second.data() : nullptr};
      nonlin::apply(entry, how, operands, count, kParameters, 1);
      const std::vector<char> alone = first;
      nonlin::apply(entry, how, operands, count, kParameters, 2);
      expect(first == alone, entry, "two threads differ from one", count);

      // Every second element from the end to the front, into every third.
      std::vector<char> wide(count * 2 * size), out(count * 3 * size), more(count * 3 * size);
      for (std::size_t i = 0; i < count; ++i) {
        std::memcpy(wide.data() + (count - 1 - i) * 2 * size, x.data() + i * size, size);
      }
      const std::size_t last = count == 0 ? 0 : (count - 1) * 2 * size;
      void* spread[] = {wide.data() + last, operands[1], out.data(),
                        operands[3] == nullptr ? nullptr : more.data()};
      std::vector<std::ptrdiff_t> strides[nonlin::kOperands];
      const std::ptrdiff_t steps[] = {-2, 1, 3, 3};
      for (int k = 0; k < nonlin::kOperands; ++k) {
        if (spread[k] != nullptr) strides[k] = {steps[k]};
      }
      nonlin::apply_strided(entry, how, spread, {std::ptrdiff_t(count)}, strides, kParameters, 2);
      for (std::size_t i = 0; i < count; ++i) {
        if (std::memcmp(out.data() + i * 3 * size, first.data() + i * size, size) != 0) {
          expect(false, entry, "strides change the result", count);
          break;
        }
      }

      void* in_place[] = {x.data(), operands[1], x.data(), operands[3]};
      nonlin::apply(entry, how, in_place, count, kParameters, 1);
      expect(x == first, entry, "in place differs", count);
    }
  }
  for (int k = 0; k < nonlin::kParameters && entry.kernel->reduce[k] != nullptr; ++k) {
    const std::vector<char> x = numbers(entry.number, 40001), g = numbers(entry.number, 40001);
    const double one = nonlin::reduce(entry, k, x.data(), g.data(), 40001, kParameters, 1);
    const double two = nonlin::reduce(entry, k, x.data(), g.data(), 40001, kParameters, 2);
    expect(std::memcmp(&one, &two, sizeof one) == 0 || (one != one && two != two), entry,
           "sums differ", 40001);
  }
}

}  // namespace

int main() {
  // Tables are filled while several threads want them.
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      const Entry* narrow = nullptr;
      for (const Entry& entry : nonlin::entries()) {
        if (nonlin::is_narrow(entry.number)) narrow = &entry;
      }
      std::vector<char> x = numbers(narrow->number, 70000), y = x;
      void* operands[] = {x.data(), nullptr, y.data(), nullptr};
      nonlin::apply(*narrow, nonlin::kValue, operands, 70000, kParameters, 2);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Entry& entry : nonlin::entries()) exercise(entry);
  std::printf("%zu kernels on %s, %d failures\n", nonlin::entries().size(),
              nonlin::instruction_set(), failures);
  return failures != 0;
}
