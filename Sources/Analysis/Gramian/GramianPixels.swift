import CGramian

extension Gramian {
    /// The field as grey pixels, `((f + 1) / 2)·255` cut off to an integer: count × count bytes, row by row.
    ///
    /// The series' values must be finite; it is scaled to [−1, 1] and not shortened.
    public static func grayPixels(of series: [Double], method: Method) -> [UInt8] {
        let count = series.count
        return withAngles(of: [series]) { cosines, sines in
            [UInt8](unsafeUninitializedCapacity: count * count) { pixels, initialized in
                switch method {
                case .summation: cgramian_summation(cosines, sines, count, pixels.baseAddress)
                case .difference: cgramian_difference(cosines, sines, count, pixels.baseAddress)
                }
                initialized = count * count
            }
        }
    }

    /// Three summation fields as the channels of one image: 3 × count × count bytes, interleaved, row by row.
    ///
    /// The three series are equally long, their values finite; each is scaled to [−1, 1] for itself.
    public static func rgbPixels(red: [Double], green: [Double], blue: [Double]) -> [UInt8] {
        let count = red.count
        precondition(green.count == count && blue.count == count, "the channels differ in length")
        return withAngles(of: [red, green, blue]) { cosines, sines in
            [UInt8](unsafeUninitializedCapacity: 3 * count * count) { pixels, initialized in
                cgramian_summation_rgb(cosines, sines, count, pixels.baseAddress)
                initialized = 3 * count * count
            }
        }
    }

    /// Lends the cosines and sines of equally long series, one series after the other.
    private static func withAngles<R>(
        of series: [[Double]], _ body: (_ cosines: UnsafePointer<Double>, _ sines: UnsafePointer<Double>) -> R
    ) -> R {
        let total = series.reduce(0) { $0 + $1.count }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, 2 * total)) { memory in
            let (cosines, sines) = (memory.baseAddress!, memory.baseAddress! + total)
            var next = 0
            for values in series {
                let scale = MinMaxScale(values, to: -1...1)
                for value in values {
                    let cosine = scale(value)
                    cosines[next] = cosine
                    sines[next] = AngularSeries.sine(cosine)
                    next += 1
                }
            }
            return body(cosines, sines)
        }
    }
}
