// IEEE half precision, bit for bit. unpack2x16float may flush subnormals to zero, and the scales
// of quantised blocks are often subnormal.
fn f16_value(bits: u32) -> f32 {
    let exponent = (bits >> 10u) & 31u;
    let mantissa = bits & 1023u;
    let normal = bitcast<f32>(((exponent + 112u) << 23u) | (mantissa << 13u));
    let subnormal = f32(mantissa) * 5.9604645e-8; // 2⁻²⁴
    let magnitude = select(normal, subnormal, exponent == 0u);
    return select(magnitude, -magnitude, (bits & 0x8000u) != 0u);
}
