// Coefficients of the vector mathematics, lowest degree first. native/fit.py derives them and
// prints the errors stated here, which are relative and far below half a unit of float32
// (6e-8). At the points where the derivatives of silu, gelu, gelu_tanh and mish cross zero
// they are exact, so that the two equal terms subtracted there leave a right difference.
#pragma once

namespace NONLIN_ISA {

// expm1(r)/r on ±ln2/2: 4.9e-10.
constexpr double kExpm1Ratio[] = {
    0x1.000000013307bp+0,  0x1.0000001413666p-1,  0x1.555551a8a1896p-3,  0x1.5554d229889a1p-5,
    0x1.111451e92c4f2p-7,  0x1.6d594e59d0a68p-10, 0x1.9dc69ad460202p-13,
};

// e^(a²/2)·Φ(−a) on [0, 14.5], as a quotient: 1.1e-10.
constexpr double kMills[] = {
    0x1.ffffffffa5859p-2, 0x1.025bed777bcaep-1, 0x1.fbbc91b9e6146p-3,
    0x1.1f68109e7ed30p-4, 0x1.74f13cd6cb12ep-7, 0x1.c3acfea32838fp-11,
};
constexpr double kMillsBelow[] = {
    1.0,
    0x1.ce9e1702152f3p+0, 0x1.700cb018d730ep+0, 0x1.4cba6df5dfbe3p-1,
    0x1.6ca554f8337fep-3, 0x1.d36914febf08bp-6, 0x1.1b0bd533f7b61p-9,
};

// 2·atanh(s)/s in s² on [0, 1/9]: 1.0e-10.
constexpr double kAtanhRatio[] = {
    0x1.ffffffff2e000p+0, 0x1.5555597b077dap-1, 0x1.999638bb7f313p-2,
    0x1.25122810f580ap-2, 0x1.b63e15bc9ce88p-3, 0x1.f396553366952p-3,
};

// (x − tanh x)/x³ in x² on [0, 0.36]: 1.0e-10.
constexpr double kTanhshrinkRatio[] = {
    0x1.55555554bc76ep-2, -0x1.11110fcb78874p-3, 0x1.ba1abde49d234p-5, -0x1.66312a194a144p-6,
    0x1.20832b67ea512p-7, -0x1.b603816c8313fp-9, 0x1.d60c152c6283ep-11,
};

// Its series from the second term on, in x²: (x − tanh x)/x³ = 1/3 + x²·(…), 1e-17 to x = 0.3.
constexpr double kTanhshrinkSeries[] = {
    -0x1.1111111111111p-3, 0x1.ba1ba1ba1ba1cp-5, -0x1.664f4882c10fap-6, 0x1.226e355e6c23dp-7,
    -0x1.d6d3d0e157de0p-9, 0x1.7da36452b75e3p-10, -0x1.3558248036744p-11, 0x1.f57d7734d1664p-13,
    -0x1.967e18afcafadp-14, 0x1.497d8eea25259p-15, -0x1.0b132d39a6050p-16, 0x1.b0f72d3ee24e9p-18,
    -0x1.5ef2da474e5b7p-19, 0x1.1c77df95c1c0dp-20,
};

// For float32 arithmetic, rounded to it. (expm1(r) − r)/r² on ±ln2/2: 5e-9 of e^r.
constexpr float kFastExpm1Rest[] = {
    0x1.0000000000000p-1f, 0x1.5554dc0000000p-3f, 0x1.55551a0000000p-5f,
    0x1.120b6e0000000p-7f, 0x1.6d110a0000000p-10f,
};

// (ln(1 + e^z) − ln 2 − z/2)/z² in z² for |z| ≤ ln 2, 1.1e-9 of ln(1 + e^z); and
// (ln(1 + e) − e)/e² on [0, ½], 1.1e-8 of ln(1 + e).
constexpr float kFastSoftplus[] = {
    0x1.0000000000000p-3f, -0x1.5554a40000000p-8f, 0x1.6b8bb60000000p-12f,
    -0x1.9a9cda0000000p-16f,
};
constexpr float kFastLog1pRest[] = {
    -0x1.fffffe0000000p-2f, 0x1.5553dc0000000p-2f, -0x1.ffa0e00000000p-3f,
    0x1.94f97c0000000p-3f, -0x1.38d9200000000p-3f, 0x1.883eb20000000p-4f,
    -0x1.0c4c540000000p-5f,
};

// On [0, 15], in t = (a − 2.5)/(a + 2.5), where no term is much larger than the sum:
// (a + 2.5)·e^(a²/2)·Φ(−a), 3.9e-8; and (e^(a²/2)·Φ(−a) − a/√(2π))/(a₀ − a), 6.6e-9, where a₀ is the
// point at which the derivative of −aΦ(−a) crosses zero: rounded, and what that loses.
constexpr float kFastMills[] = {
    0x1.69cee60000000p-1f, -0x1.bc19c20000000p-2f, 0x1.0e4f8a0000000p-3f,
    0x1.2ea4c80000000p-7f, -0x1.0c8c220000000p-6f, -0x1.a4142a0000000p-10f,
    0x1.4c60820000000p-9f, 0x1.6a4c760000000p-11f, -0x1.5171a20000000p-12f,
    -0x1.5a23620000000p-13f,
};
constexpr float kFastMillsSlope[] = {
    0x1.f568ec0000000p-2f, -0x1.082e3c0000000p-3f, 0x1.6eb5880000000p-5f,
    -0x1.27543c0000000p-8f, -0x1.657f5e0000000p-9f, 0x1.d905e00000000p-12f,
    0x1.80ea9a0000000p-12f, -0x1.b4304e0000000p-18f, -0x1.c067820000000p-15f,
    -0x1.beaf5c0000000p-17f,
};
constexpr float kFastCrossing = 0x1.80ead20000000p-1f, kFastCrossingLost = -0x1.a03fd40000000p-27f;

// e^(a²/2)·Φ(−a) on [0, 39] as a quotient, each coefficient the sum of two: 5.5e-22.
constexpr double kTwofoldMills[][2] = {
    {0x1.0000000000000p-1, 0x1.62421dc2a4723p-74},
    {0x1.db39cd50fcb83p-1, 0x1.e041c029f3997p-59},
    {0x1.b67c1876e876fp-1, 0x1.fbfe39243ebcdp-57},
    {0x1.060335ea9c605p-1, 0x1.e9dc75a9f560dp-55},
    {0x1.bfffeef263951p-3, 0x1.bd02909039286p-57},
    {0x1.1f4cb76b9df94p-4, 0x1.0f0e0476821a6p-59},
    {0x1.1ac3437576b10p-6, 0x1.0258be75a8a45p-61},
    {0x1.ae132b81631d3p-9, 0x1.5e2fe87348563p-65},
    {0x1.f60c5520530cfp-12, 0x1.19d91737c038dp-69},
    {0x1.b7a4b2f92bcb4p-15, 0x1.675dd888b6fb2p-70},
    {0x1.132fa7507a012p-18, -0x1.38bff759a5290p-72},
    {0x1.bcc927f09a58fp-23, 0x1.70035874ea4e4p-77},
    {0x1.6233e96daa486p-28, 0x1.a5e86734e667ap-84},
};
constexpr double kTwofoldMillsBelow[][2] = {
    {0x1.0000000000000p+0, 0x0.0p+0},
    {0x1.53bdfb77cf356p+1, -0x1.63d1720375205p-53},
    {0x1.aa513ed5b55c3p+1, 0x1.d27ee6dd5825dp-55},
    {0x1.4f54907cda4cep+1, -0x1.cf3cff6a04f9ep-55},
    {0x1.71824ee28adaep+0, -0x1.870978ae1e528p-54},
    {0x1.2db6fcdb8ddeep-1, -0x1.77fe0a0a3cb73p-56},
    {0x1.7864c44d094bcp-3, -0x1.45c3ea7d0e5d7p-57},
    {0x1.6c0e093f5d671p-5, 0x1.9d5aabdd0b6c4p-60},
    {0x1.11c7bc3d5de05p-7, 0x1.fa9e67381c02ep-64},
    {0x1.3d4cbc9c07de4p-10, -0x1.52d6c8bb72a24p-66},
    {0x1.14982a7fcb84dp-13, 0x1.ed066d2ddb601p-68},
    {0x1.595405a1cec12p-17, -0x1.8f9eb4054b222p-71},
    {0x1.16ba67a6e9f9ap-21, 0x1.07514c8c73c9fp-75},
    {0x1.bbed66f73c661p-27, 0x1.bc3cdb101d27cp-83},
};

}  // namespace NONLIN_ISA
