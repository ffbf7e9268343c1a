#include "tables.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

namespace nonlin {
namespace {

constexpr std::size_t kEntries = 65536, kTables = 64;
// A table takes as long as this many elements.
constexpr std::size_t kWorthwhile = 32768;
constexpr std::size_t kBlock = 512;

struct Table {
  std::once_flag filled;
  std::unique_ptr<uint16_t[]> result;
  std::unique_ptr<float[]> wide;  // of the derivative, to be multiplied before it is rounded
};

typedef std::tuple<const Kernel*, Number, Mode, std::array<double, kParameters>> Key;

struct Kept {
  std::shared_ptr<Table> table;
  unsigned long long used;
};

std::mutex guard;
std::map<Key, Kept>& tables() {
  // Never destroyed: threads may still compute while the process ends.
  static auto* all = new std::map<Key, Kept>;
  return *all;
}

// The table for a key, a new and empty one if `make`; the one unused for longest makes room.
std::shared_ptr<Table> slot(const Key& key, bool make) {
  static unsigned long long clock = 0;
  const std::lock_guard<std::mutex> lock(guard);
  const auto found = tables().find(key);
  if (found != tables().end()) {
    found->second.used = ++clock;
    return found->second.table;
  }
  if (!make) return nullptr;
  if (tables().size() >= kTables) {
    tables().erase(std::min_element(
        tables().begin(), tables().end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
  return (tables()[key] = {std::make_shared<Table>(), ++clock}).table;
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

std::shared_ptr<const Table> find(const Kernel& kernel, Number number, Mode mode,
                                  std::size_t count, const double* parameters) {
  Key key{&kernel, number, mode, {}};
  std::copy(parameters, parameters + kParameters, std::get<3>(key).begin());
  std::shared_ptr<Table> table = slot(key, count >= kWorthwhile);
  if (table != nullptr) {
    std::call_once(table->filled, [&] { fill(*table, kernel, number, mode, parameters); });
  }
  return table;
}

// first = slope · upstream, rounded once; slope[0] are those of even places, slope[1] of odd ones.
// Two numbers lie in a word of 32 bits, so that vectors of words need no packing.
template <float (*widen)(uint32_t), uint32_t (*narrow)(uint32_t)>
void multiply(const float (&slope)[2][kBlock / 2], const uint16_t* upstream, uint16_t* first,
              std::size_t count) {
  uint32_t words[kBlock / 2] = {};
  std::memcpy(words, upstream, count * sizeof *upstream);
  for (std::size_t i = 0; i < kBlock / 2; ++i) {
    const uint32_t low = narrow(bits_of(slope[0][i] * widen(words[i] & 0xffff)));
    const uint32_t high = narrow(bits_of(slope[1][i] * widen(words[i] >> 16)));
    words[i] = low | high << 16;
  }
  std::memcpy(first, words, count * sizeof *first);
}

void apply_one(const Kernel& kernel, Number number, Mode mode, const uint16_t* x,
               const uint16_t* upstream, uint16_t* first, std::size_t count,
               const double* parameters) {
  if (const auto table = find(kernel, number, mode, count, parameters)) {
    if (mode != kGradient) {
      const uint16_t* result = table->result.get();
      for (std::size_t i = 0; i < count; ++i) first[i] = result[x[i]];
      return;
    }
    for (std::size_t start = 0; start < count; start += kBlock) {
      const std::size_t block = std::min(kBlock, count - start);
      float slope[2][kBlock / 2] = {};
      for (std::size_t i = 0; i < block / 2; ++i) {
        slope[0][i] = table->wide[x[start + 2 * i]];
        slope[1][i] = table->wide[x[start + 2 * i + 1]];
      }
      if (block % 2 == 1) slope[0][block / 2] = table->wide[x[start + block - 1]];
      if (number == Number::bfloat16) {
        multiply<widen_bfloat16, narrow_bfloat16>(slope, upstream + start, first + start, block);
      } else {
        multiply<widen_float16, narrow_float16>(slope, upstream + start, first + start, block);
      }
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
    find(kernel, number, kSlope, count, parameters);
    mode = kValue;
  }
  find(kernel, number, mode, count, parameters);
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
