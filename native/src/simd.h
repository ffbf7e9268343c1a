// Vectors of numbers in registers: GCC's and Clang's vector extensions, and the few
// operations that they lack. Everything lies in a namespace of its instruction set, since the
// same headers are compiled once for each.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace NONLIN_ISA {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

template <class T, int L>
struct Lanes {
  typedef T type __attribute__((vector_size(sizeof(T) * L)));
};

// A type that the compiler does not deduce: numbers beside a pack take its type.
template <class T>
struct Same {
  typedef T type;
};

template <class T>
struct Bits;
template <>
struct Bits<double> {
  typedef int64_t type;
};
template <>
struct Bits<float> {
  typedef int32_t type;
};
template <>
struct Bits<int64_t> {
  typedef int64_t type;
};
template <>
struct Bits<int32_t> {
  typedef int32_t type;
};

#define NONLIN_INLINE inline __attribute__((always_inline))
#define NONLIN_EACH(...)                                \
  _Pragma("GCC unroll 8") for (int i = 0; i < K; ++i) { \
    __VA_ARGS__;                                        \
  }

// K registers of L lanes, so that K independent chains of operations run side by side: one
// chain leaves most of a processor's arithmetic idle.
template <class T, int L, int K>
struct Pack {
  typedef typename Lanes<T, L>::type Register;
  typedef Pack<typename Bits<T>::type, L, K> Mask;
  static constexpr int kLanes = L, kCount = L * K;
  Register v[K];

  Pack() = default;
  // One register after the other: GCC would copy the whole through memory.
  NONLIN_INLINE Pack(const Pack& a) { NONLIN_EACH(v[i] = a.v[i]) }
  NONLIN_INLINE Pack& operator=(const Pack& a) {
    NONLIN_EACH(v[i] = a.v[i])
    return *this;
  }
  NONLIN_INLINE Pack(T c) { NONLIN_EACH(v[i] = c - Register{}) }
};


#define NONLIN_BINARY(op)                                                                   \
  template <class T, int L, int K>                                                          \
  NONLIN_INLINE Pack<T, L, K> operator op(const Pack<T, L, K>& a, const Pack<T, L, K>& b) { \
    Pack<T, L, K> r;                                                                        \
    NONLIN_EACH(r.v[i] = a.v[i] op b.v[i])                                                  \
    return r;                                                                               \
  }                                                                                         \
  template <class T, int L, int K>                                                          \
  NONLIN_INLINE Pack<T, L, K> operator op(typename Same<T>::type a, const Pack<T, L, K>& b) { \
    return Pack<T, L, K>(a) op b;                                                           \
  }                                                                                         \
  template <class T, int L, int K>                                                          \
  NONLIN_INLINE Pack<T, L, K> operator op(const Pack<T, L, K>& a, typename Same<T>::type b) { \
    return a op Pack<T, L, K>(b);                                                           \
  }
NONLIN_BINARY(+)
NONLIN_BINARY(-)
NONLIN_BINARY(*)
NONLIN_BINARY(/)
#undef NONLIN_BINARY

#define NONLIN_COMPARE(op)                                                       \
  template <class T, int L, int K>                                               \
  NONLIN_INLINE typename Pack<T, L, K>::Mask operator op(const Pack<T, L, K>& a, \
                                                         const Pack<T, L, K>& b) { \
    typename Pack<T, L, K>::Mask r;                                              \
    NONLIN_EACH(r.v[i] = a.v[i] op b.v[i])                                       \
    return r;                                                                    \
  }                                                                              \
  template <class T, int L, int K>                                               \
  NONLIN_INLINE typename Pack<T, L, K>::Mask operator op(const Pack<T, L, K>& a, typename Same<T>::type b) { \
    return a op Pack<T, L, K>(b);                                                \
  }
NONLIN_COMPARE(<)
NONLIN_COMPARE(>)
NONLIN_COMPARE(<=)
NONLIN_COMPARE(>=)
NONLIN_COMPARE(==)
#undef NONLIN_COMPARE

template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> operator-(const Pack<T, L, K>& a) {
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = -a.v[i])
  return r;
}

template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> select(const typename Pack<T, L, K>::Mask& where,
                                   const Pack<T, L, K>& yes, const Pack<T, L, K>& no) {
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = where.v[i] ? yes.v[i] : no.v[i])
  return r;
}

// The larger and the smaller of a number and `a`; NaN in `a` stays NaN, as the instruction
// returns its second operand then. Compilers do not find it in a comparison and a choice.
#if defined(__SSE2__)
NONLIN_INLINE __m128d max1(__m128d a, __m128d b) { return _mm_max_pd(a, b); }
NONLIN_INLINE __m128d min1(__m128d a, __m128d b) { return _mm_min_pd(a, b); }
NONLIN_INLINE __m128 max1(__m128 a, __m128 b) { return _mm_max_ps(a, b); }
NONLIN_INLINE __m128 min1(__m128 a, __m128 b) { return _mm_min_ps(a, b); }
#if defined(__AVX2__)
NONLIN_INLINE __m256d max1(__m256d a, __m256d b) { return _mm256_max_pd(a, b); }
NONLIN_INLINE __m256d min1(__m256d a, __m256d b) { return _mm256_min_pd(a, b); }
NONLIN_INLINE __m256 max1(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
NONLIN_INLINE __m256 min1(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
#endif
#if defined(__AVX512F__)
NONLIN_INLINE __m512d max1(__m512d a, __m512d b) { return _mm512_max_pd(a, b); }
NONLIN_INLINE __m512d min1(__m512d a, __m512d b) { return _mm512_min_pd(a, b); }
NONLIN_INLINE __m512 max1(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
NONLIN_INLINE __m512 min1(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
#endif
#else
template <class R>
NONLIN_INLINE R max1(R a, R b) {
  return a > b ? a : b;
}
template <class R>
NONLIN_INLINE R min1(R a, R b) {
  return a < b ? a : b;
}
#endif

template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> at_least(const Pack<T, L, K>& a, typename Same<T>::type low) {
  const Pack<T, L, K> bound(low);
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = max1(bound.v[i], a.v[i]))
  return r;
}
template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> at_most(const Pack<T, L, K>& a, typename Same<T>::type high) {
  const Pack<T, L, K> bound(high);
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = min1(bound.v[i], a.v[i]))
  return r;
}
template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> clamp(const Pack<T, L, K>& a, typename Same<T>::type low, typename Same<T>::type high) {
  return at_most(at_least(a, low), high);
}

// Between float32 and float64; GCC 12 takes the general way through memory.
#if defined(__AVX512F__)
NONLIN_INLINE __m512d widen1(__m256 a) { return _mm512_cvtps_pd(a); }
NONLIN_INLINE __m256 narrow1(__m512d a) { return _mm512_cvtpd_ps(a); }
#elif defined(__AVX2__)
NONLIN_INLINE __m256d widen1(__m128 a) { return _mm256_cvtps_pd(a); }
NONLIN_INLINE __m128 narrow1(__m256d a) { return _mm256_cvtpd_ps(a); }
#else
NONLIN_INLINE Lanes<double, 2>::type widen1(Lanes<float, 2>::type a) {
  return __builtin_convertvector(a, Lanes<double, 2>::type);
}
NONLIN_INLINE Lanes<float, 2>::type narrow1(Lanes<double, 2>::type a) {
  return __builtin_convertvector(a, Lanes<float, 2>::type);
}
#endif

template <class R, class S>
NONLIN_INLINE R as(const S& bits) {
  static_assert(sizeof(R) == sizeof(S), "same size");
  R r;
  std::memcpy(&r, &bits, sizeof r);
  return r;
}

template <class T>
constexpr typename Bits<T>::type kSign = typename Bits<T>::type(1) << (8 * sizeof(T) - 1);

template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> abs(const Pack<T, L, K>& a) {
  typedef typename Pack<T, L, K>::Register R;
  typedef typename Pack<T, L, K>::Mask::Register I;
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = (R)((I)a.v[i] & ~kSign<T>))
  return r;
}

// Whether |a| ≤ limit for every number; false where there is a NaN.
template <class T, int L, int K>
NONLIN_INLINE bool all_within(const Pack<T, L, K>& a, typename Same<T>::type limit) {
  const typename Pack<T, L, K>::Mask inside = abs(a) <= limit;
  auto both = inside.v[0];
  NONLIN_EACH(both &= inside.v[i])
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask((__m512i)both, (__m512i)both) == 0xffff;
#elif defined(__AVX2__)
  return _mm256_movemask_epi8((__m256i)both) == -1;
#elif defined(__SSE2__)
  return _mm_movemask_epi8((__m128i)both) == 0xffff;
#elif defined(__aarch64__)
  return vminvq_u32((uint32x4_t)both) != 0;
#else
  for (int j = 0; j < L; ++j)
    if (!both[j]) return false;
  return true;
#endif
}

// |a| with the sign of `of`, for a ≥ 0.
template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> with_sign(const Pack<T, L, K>& a, const Pack<T, L, K>& of) {
  typedef typename Pack<T, L, K>::Register R;
  typedef typename Pack<T, L, K>::Mask::Register I;
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = (R)((I)a.v[i] | ((I)of.v[i] & kSign<T>)))
  return r;
}

// a·b + c. It is written out because the compiler may not contract by itself
// (-ffp-contract=off): it would do so differently in the kernel of the value and in that of
// value and derivative, and the two would differ in the last bit.
#if defined(__FMA__)
NONLIN_INLINE __m128d fma1(__m128d a, __m128d b, __m128d c) { return _mm_fmadd_pd(a, b, c); }
NONLIN_INLINE __m128 fma1(__m128 a, __m128 b, __m128 c) { return _mm_fmadd_ps(a, b, c); }
NONLIN_INLINE __m256d fma1(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
NONLIN_INLINE __m256 fma1(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
#if defined(__AVX512F__)
NONLIN_INLINE __m512d fma1(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
NONLIN_INLINE __m512 fma1(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
#endif
#elif defined(__aarch64__)
NONLIN_INLINE float64x2_t fma1(float64x2_t a, float64x2_t b, float64x2_t c) {
  return vfmaq_f64(c, a, b);
}
NONLIN_INLINE float32x4_t fma1(float32x4_t a, float32x4_t b, float32x4_t c) {
  return vfmaq_f32(c, a, b);
}
#endif
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool kFused = true;
#else
constexpr bool kFused = false;
template <class R>
NONLIN_INLINE R fma1(R a, R b, R c) {
  return a * b + c;
}
#endif

template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> fma(const Pack<T, L, K>& a, const Pack<T, L, K>& b,
                                const Pack<T, L, K>& c) {
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = fma1(a.v[i], b.v[i], c.v[i]))
  return r;
}
template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> fma(const Pack<T, L, K>& a, const Pack<T, L, K>& b, typename Same<T>::type c) {
  return fma(a, b, Pack<T, L, K>(c));
}
template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> fma(const Pack<T, L, K>& a, typename Same<T>::type b, typename Same<T>::type c) {
  return fma(a, Pack<T, L, K>(b), Pack<T, L, K>(c));
}
template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> fma(const Pack<T, L, K>& a, typename Same<T>::type b, const Pack<T, L, K>& c) {
  return fma(a, Pack<T, L, K>(b), c);
}

#if defined(__SSE2__)
NONLIN_INLINE __m128d sqrt1(__m128d a) { return _mm_sqrt_pd(a); }
NONLIN_INLINE __m128 sqrt1(__m128 a) { return _mm_sqrt_ps(a); }
#if defined(__AVX2__)
NONLIN_INLINE __m256d sqrt1(__m256d a) { return _mm256_sqrt_pd(a); }
NONLIN_INLINE __m256 sqrt1(__m256 a) { return _mm256_sqrt_ps(a); }
#endif
#if defined(__AVX512F__)
NONLIN_INLINE __m512d sqrt1(__m512d a) { return _mm512_sqrt_pd(a); }
NONLIN_INLINE __m512 sqrt1(__m512 a) { return _mm512_sqrt_ps(a); }
#endif
#elif defined(__aarch64__)
NONLIN_INLINE float64x2_t sqrt1(float64x2_t a) { return vsqrtq_f64(a); }
NONLIN_INLINE float32x4_t sqrt1(float32x4_t a) { return vsqrtq_f32(a); }
#endif

template <class T, int L, int K>
NONLIN_INLINE Pack<T, L, K> sqrt(const Pack<T, L, K>& a) {
  Pack<T, L, K> r;
  NONLIN_EACH(r.v[i] = sqrt1(a.v[i]))
  return r;
}

// Σ c[k]·x^k by Horner's rule: the K chains side by side keep the processor busy, and Estrin's
// scheme was slower, as its powers take registers.
template <class T, int L, int K, int N>
NONLIN_INLINE Pack<T, L, K> polynomial(const Pack<T, L, K>& x, const T (&c)[N]) {
  Pack<T, L, K> r(c[N - 1]);
  _Pragma("GCC unroll 32") for (int k = N - 2; k >= 0; --k) r = fma(r, x, c[k]);
  return r;
}

// a + b and what its rounding lost; `fast` where |a| ≥ |b|.
template <class P>
NONLIN_INLINE void fast_two_sum(const P& a, const P& b, P& sum, P& lost) {
  sum = a + b;
  lost = b - (sum - a);
}
template <class P>
NONLIN_INLINE void two_sum(const P& a, const P& b, P& sum, P& lost) {
  sum = a + b;
  const P part = sum - a;
  lost = (a - (sum - part)) + (b - part);
}
template <class P>
NONLIN_INLINE P lost_by_product(const P& a, const P& b, const P& product) {
  if constexpr (kFused) {
    return fma(a, b, -product);
  } else {
    // Veltkamp's split into halves of 26 or 12 bits, whose products are exact.
    const P factor(sizeof(a.v[0][0]) == 8 ? 0x8000001p0 : 0x1001p0);
    const P wide_a = a * factor, wide_b = b * factor;
    const P high_a = wide_a - (wide_a - a), high_b = wide_b - (wide_b - b);
    const P low_a = a - high_a, low_b = b - high_b;
    return ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b;
  }
}

}  // namespace NONLIN_ISA
