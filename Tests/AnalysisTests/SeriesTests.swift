import Analysis
import Testing

@Suite("Series with holes")
struct SeriesTests {
    @Test("a hole takes the nearest newer value, at the newest end the nearest older one")
    func filling() {
        #expect([.nan, .nan, 3, .infinity, 5, .nan].filled() == [3, 3, 3, 3, 5, 5])
    }

    @Test("a series without a known value becomes zeros")
    func nothingKnown() {
        #expect([Double.nan, -.infinity].filled() == [0, 0])
        #expect([Double]().filled() == [])
    }

    @Test("a mean takes fewer values at the ends")
    func smoothing() {
        #expect([1, 2, 3, 4, 10].smoothed(reach: 1) == [1.5, 2, 3, 17.0 / 3, 7])
    }

    @Test("a mean skips holes, and is one where nothing is known")
    func smoothingHoles() {
        let means = [1, .nan, 3, .nan, .infinity, .nan].smoothed(reach: 1)
        #expect(Array(means[..<4]) == [1, 2, 3, 3])
        #expect(means[4].isNaN && means[5].isNaN)
    }

    @Test("a constant stays itself to the last bit, where a plain sum does not")
    func constants() {
        var random = SplitMix(seed: 11)
        var plainlyWrong = 0
        for _ in 0..<1000 {
            let value = Double.random(in: 1e-9...1e5, using: &random)
            let constant = [Double](repeating: value, count: 23)
            #expect(constant.smoothed(reach: 5) == constant)
            if constant[..<11].reduce(0, +) / 11 != value { plainlyWrong += 1 }
        }
        #expect(plainlyWrong > 0)
    }

    @Test("a mean of large values that cancel keeps the small one")
    func cancellation() {
        #expect([1e16, 1, -1e16].smoothed(reach: 2)[1] == 1.0 / 3)
    }
}
