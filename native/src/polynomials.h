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

}  // namespace NONLIN_ISA
