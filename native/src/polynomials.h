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

// e^(a²/2)·Φ(−a) on [0, 14.5]: 7e-9.
constexpr float kFastMills[] = {
    0x1.0000000000000p-1f, 0x1.c018900000000p-2f, 0x1.761bce0000000p-3f,
    0x1.4b33080000000p-5f, 0x1.0b8a9c0000000p-8f,
};
constexpr float kFastMillsBelow[] = {
    0x1.0000000000000p+0f, 0x1.ac4e780000000p+0f, 0x1.3343ea0000000p+0f,
    0x1.df33040000000p-2f, 0x1.9f1f980000000p-4f, 0x1.4f4f3e0000000p-7f,
};

// 2·atanh(s)/s in s² on [0, 1/9]: 4e-9.
constexpr float kFastAtanhRatio[] = {
    0x1.0000000000000p+1f, 0x1.5554e20000000p-1f, 0x1.99da140000000p-2f,
    0x1.1e5cfc0000000p-2f, 0x1.2055ee0000000p-2f,
};

}  // namespace NONLIN_ISA
