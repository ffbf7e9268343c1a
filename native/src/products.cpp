// Compiled once for each instruction set, with NONLIN_ISA its name.
#include "products.h"

#include <cstring>

#include "narrow.h"

namespace NONLIN_ISA {
namespace {

using namespace nonlin;

// Two numbers lie in a word of 32 bits, so that vectors of words need no packing.
template <float (*widen)(uint32_t), uint32_t (*narrow)(uint32_t)>
void multiply(const Factors& factors, const uint16_t* upstream, uint16_t* first,
              std::size_t count) {
  uint32_t words[kProducts / 2] = {};
  std::memcpy(words, upstream, count * sizeof *upstream);
  for (std::size_t i = 0; i < kProducts / 2; ++i) {
    const uint32_t low = narrow(bits_of(factors[0][i] * widen(words[i] & 0xffff)));
    const uint32_t high = narrow(bits_of(factors[1][i] * widen(words[i] >> 16)));
    words[i] = low | high << 16;
  }
  std::memcpy(first, words, count * sizeof *first);
}

}  // namespace

Products products() {
  return {multiply<widen_bfloat16, narrow_bfloat16>, multiply<widen_float16, narrow_float16>};
}

}  // namespace NONLIN_ISA
