/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers from the same seed on every machine. For simulation and tests, not for secrets.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// One well-spread number for each input: randomness by address, where the order of questions must not matter.
    public static func mixed(_ input: UInt64) -> UInt64 {
        var mixed = (input ^ (input >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
