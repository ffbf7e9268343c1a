#include "tables.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "sets.h"

namespace nonlin {
namespace {

constexpr std::size_t kEntries = 65536, kTables = 64;
// A table takes as long as this many elements, and is filled once so many were computed.
constexpr std::size_t kWorthwhile = 32768;
constexpr std::size_t kBlock = 512, kLine = 32;  // of 64 bytes

struct Table {
  std::once_flag filled;
  std::unique_ptr<uint16_t[]> result;
  std::unique_ptr<float[]> wide;  // of the derivative, to be multiplied before it is rounded
};

typedef std::tuple<const Kernel*, Number, Mode, std::array<double, kParameters>> Key;

struct Kept {
  std::shared_ptr<Table> table;  // null until it is worthwhile
  std::size_t computed;          // elements, without it
  unsigned long long used;
};

std::mutex guard;
std::map<Key, Kept>& tables() {
  // Never destroyed: threads may still compute while the process ends.
  static auto* all = new std::map<Key, Kept>;
  return *all;
}

Key key_of(const Kernel& kernel, Number number, Mode mode, const double* parameters) {
  Key key{&kernel, number, mode, {}};
  std::copy(parameters, parameters + kParameters, std::get<3>(key).begin());
  return key;
}

std::shared_ptr<Table> find(const Key& key) {
  const std::lock_guard<std::mutex> lock(guard);
  const auto found = tables().find(key);
  return found == tables().end() ? nullptr : found->second.table;
}

// The table for `count` elements more, a new and empty one where that makes it worthwhile; the one
// unused for longest makes room.
std::shared_ptr<Table> want(const Key& key, std::size_t count) {
  static unsigned long long clock = 0;
  const std::lock_guard<std::mutex> lock(guard);
  if (tables().size() >= kTables && tables().count(key) == 0) {
    tables().erase(std::min_element(
        tables().begin(), tables().end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  Kept& kept = tables()[key];
  kept.used = ++clock;
  if (kept.table == nullptr && (kept.computed += count) >= kWorthwhile) {
    kept.table = std::make_shared<Table>();
  }
  return kept.table;
}

void compute(const Kernel& kernel, Number number, Mode mode, const uint16_t* x, double* result,
             std::size_t count, const double* parameters) {
  double in[kBlock];
  for (std::size_t i = 0; i < count; ++i) in[i] = double(widen(number, x[i]));
  kernel.apply[mode](in, nullptr, result, nullptr, count, parameters);
}

void fill(Table& table, const Kernel& kernel, Number number, Mode mode, const double* parameters) {
  const bool wide = mode == kGradient;
  if (wide) {
    table.wide.reset(new float[kEntries]);
  } else {
    table.result.reset(new uint16_t[kEntries]);
  }
  uint16_t x[kBlock];
  double result[kBlock];
  for (std::size_t start = 0; start < kEntries; start += kBlock) {
    for (std::size_t i = 0; i < kBlock; ++i) x[i] = uint16_t(start + i);
    compute(kernel, number, wide ? kSlope : mode, x, result, kBlock, parameters);
    for (std::size_t i = 0; i < kBlock; ++i) {
      if (wide) {
        table.wide[start + i] = float(result[i]);
      } else {
        table.result[start + i] = narrow(number, result[i]);
      }
    }
  }
}

// The table, filled by whoever wants it first.
std::shared_ptr<Table> filled(std::shared_ptr<Table> table, const Kernel& kernel, Number number,
                              Mode mode, const double* parameters) {
  if (table != nullptr) {
    std::call_once(table->filled, [&] { fill(*table, kernel, number, mode, parameters); });
  }
  return table;
}

// Sixteen numbers at a time: none waits for the one before to be written.
template <class T>
void look_up(const T* table, const uint16_t* x, T* result, std::size_t count) {
  constexpr std::size_t kTogether = 16;
  std::size_t start = 0;
  for (; start + kTogether <= count; start += kTogether) {
    T found[kTogether];
    for (std::size_t i = 0; i < kTogether; ++i) found[i] = table[x[start + i]];
    std::memcpy(result + start, found, sizeof found);
  }
  for (; start < count; ++start) result[start] = table[x[start]];
}

void apply_one(const Kernel& kernel, Number number, Mode mode, const uint16_t* x,
               const uint16_t* upstream, uint16_t* first, std::size_t count,
               const double* parameters) {
  const Key key = key_of(kernel, number, mode, parameters);
  if (const auto table = filled(find(key), kernel, number, mode, parameters)) {
    if (mode != kGradient) {
      return look_up(table->result.get(), x, first, count);
    }
    const Products& products = chosen_set().products;
    Multiply* multiply = number == Number::bfloat16 ? products.bfloat16 : products.float16;
    const float* slope = table->wide.get();
    for (std::size_t start = 0; start < count; start += kProducts) {
      const std::size_t block = std::min(kProducts, count - start);
      // What the product reads and writes is fetched while the derivatives are looked up.
      for (std::size_t i = 0; i < block; i += kLine) {
        __builtin_prefetch(upstream + start + i);
        __builtin_prefetch(first + start + i, 1);
      }
      Factors factors = {};
      for (std::size_t i = 0; i < block / 2; ++i) {
        factors[0][i] = slope[x[start + 2 * i]];
        factors[1][i] = slope[x[start + 2 * i + 1]];
      }
      if (block % 2 == 1) factors[0][block / 2] = slope[x[start + block - 1]];
      multiply(factors, upstream + start, first + start, block);
    }
    return;
  }
  double result[kBlock];
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t block = std::min(kBlock, count - start);
    compute(kernel, number, mode == kGradient ? kSlope : mode, x + start, result, block,
            parameters);
    for (std::size_t i = 0; i < block; ++i) {
      first[start + i] = mode == kGradient
                             ? narrow(number, float(result[i]) * widen(number, upstream[start + i]))
                             : narrow(number, result[i]);
    }
  }
}

}  // namespace

void apply_narrow(const Kernel& kernel, Number number, Mode mode, const uint16_t* x,
                  const uint16_t* upstream, uint16_t* first, uint16_t* second, std::size_t count,
                  const double* parameters) {
  if (mode != kBoth) {
    return apply_one(kernel, number, mode, x, upstream, first, count, parameters);
  }
  // The derivative first: the value may be written over x.
  apply_one(kernel, number, kSlope, x, nullptr, second, count, parameters);
  apply_one(kernel, number, kValue, x, nullptr, first, count, parameters);
}

void prepare_narrow(const Kernel& kernel, Number number, Mode mode, std::size_t count,
                    const double* parameters) {
  if (mode == kBoth) {
    prepare_narrow(kernel, number, kSlope, count, parameters);
    mode = kValue;
  }
  const Key key = key_of(kernel, number, mode, parameters);
  filled(want(key, count), kernel, number, mode, parameters);
}

double reduce_narrow(const Kernel& kernel, Number number, int parameter, const uint16_t* x,
                     const uint16_t* upstream, std::size_t count, const double* parameters) {
  double in[2][kBlock], total = 0;
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t block = std::min(kBlock, count - start);
    for (std::size_t i = 0; i < block; ++i) {
      in[0][i] = double(widen(number, x[start + i]));
      in[1][i] = double(widen(number, upstream[start + i]));
    }
    total += kernel.reduce[parameter](in[0], in[1], block, parameters);
  }
  return total;
}

}  // namespace nonlin
