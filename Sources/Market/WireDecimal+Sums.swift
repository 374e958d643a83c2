/// What adding up trades takes: exact, or nil.
extension WireDecimal {
    /// Nil: more digits than a value holds.
    func adding(_ other: WireDecimal) -> WireDecimal? {
        let scale = max(scale, other.scale)
        guard let one = significand(at: scale), let another = other.significand(at: scale) else { return nil }
        let (sum, overflow) = one.addingReportingOverflow(another)
        return overflow ? nil : WireDecimal(checked: sum, scale: scale)
    }

    /// Nil: more digits than a value holds.
    func multiplied(by other: WireDecimal) -> WireDecimal? {
        let (product, overflow) = significand.multipliedReportingOverflow(by: other.significand)
        return overflow ? nil : WireDecimal(checked: product, scale: scale + other.scale)
    }

    /// Of `10^-scale`, a scale that is not below its own.
    private func significand(at scale: Int) -> Int128? {
        var significand = significand
        for _ in self.scale..<scale {
            let (product, overflow) = significand.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            significand = product
        }
        return significand
    }

    /// An `Int128` has room for some numbers of 39 digits.
    private init?(checked significand: Int128, scale: Int) {
        guard significand.magnitude < Self.beyondDigits else { return nil }
        self.init(significand: significand, scale: scale)
    }

    private static let beyondDigits = (0..<digitsLimit).reduce(UInt128(1)) { power, _ in power * 10 }
}
