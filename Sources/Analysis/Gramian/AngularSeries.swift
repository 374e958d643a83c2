/// A series scaled to a range inside [−1, 1], as the cosines and sines of its angles.
struct AngularSeries {
    let cosines: [Double]
    let sines: [Double]

    init(_ series: [Double], sampleRange: ClosedRange<Double>?) throws(GramianError) {
        guard let sampleRange else {
            guard series.allSatisfy((-1...1).contains) else { throw .outOfRange }
            self.init(cosines: series)
            return
        }
        guard sampleRange.lowerBound >= -1, sampleRange.upperBound <= 1, sampleRange.lowerBound < sampleRange.upperBound
        else { throw .sampleRange(sampleRange) }
        let scale = MinMaxScale(series, to: sampleRange)
        self.init(cosines: series.map { scale($0) })
    }

    private init(cosines: [Double]) {
        self.cosines = cosines
        sines = cosines.map(Self.sine)
    }

    /// The angle is in [0, π], so its sine is not negative; rounding may have put the cosine a hair outside [−1, 1].
    static func sine(_ cosine: Double) -> Double { max(0, min(1, 1 - cosine * cosine)).squareRoot() }

    /// Row by row.
    func field(_ method: Gramian.Method) -> [Double] {
        let size = cosines.count
        return [Double](unsafeUninitializedCapacity: size * size) { values, initialized in
            for row in 0..<size {
                for column in 0..<size {
                    values.initializeElement(at: row * size + column, to: value(method, row, column))
                }
            }
            initialized = size * size
        }
    }

    private func value(_ method: Gramian.Method, _ row: Int, _ column: Int) -> Double {
        switch method {
        case .summation: cosines[row] * cosines[column] - sines[row] * sines[column]
        case .difference: sines[row] * cosines[column] - cosines[row] * sines[column]
        }
    }
}
