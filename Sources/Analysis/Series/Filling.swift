extension [Double] {
    /// A series, newest first, without holes: a value that is not finite is missing and takes its nearest newer known value, at the
    /// newest end the nearest older one. A series without any known value becomes zeros.
    public func filled() -> [Double] {
        guard var known = first(where: \.isFinite) else { return [Double](repeating: 0, count: count) }
        return map { value in
            if value.isFinite { known = value }
            return known
        }
    }
}
