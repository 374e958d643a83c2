/// What adding up trades takes: exact, or nil.
extension WireDecimal {
    /// Nil: more digits than a value holds.
    func adding(_ other: WireDecimal) -> WireDecimal? {
        let scale = max(scale, other.scale)
        guard let one = raised(by: scale - self.scale), let another = other.raised(by: scale - other.scale) else { return nil }
        let (sum, overflow) = one.addingReportingOverflow(another)
        return overflow ? nil : WireDecimal(significand: sum, scale: scale)
    }

    /// Nil: more digits than a value holds.
    func multiplied(by other: WireDecimal) -> WireDecimal? {
        let (product, overflow) = significand.multipliedReportingOverflow(by: other.significand)
        return overflow ? nil : WireDecimal(significand: product, scale: scale + other.scale)
    }
}
