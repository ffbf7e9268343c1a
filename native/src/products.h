// Products of float32 numbers with those of 16 bits, rounded once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nonlin {

// first = factor · upstream; factors[0] are those of even places, factors[1] of odd ones. `first`
// may be `upstream`; `count` is at most kProducts.
constexpr std::size_t kProducts = 512;
typedef float Factors[2][kProducts / 2];
typedef void Multiply(const Factors& factors, const uint16_t* upstream, uint16_t* first,
                      std::size_t count);

// What an instruction set offers.
struct Products {
  Multiply *bfloat16, *float16;
};

}  // namespace nonlin
