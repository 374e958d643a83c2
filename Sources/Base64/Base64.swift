internal import CBase64

/// Base64 as RFC 4648, section 4 has it.
public enum Base64 {
    /// Strict: padded, nothing outside the alphabet, no bits left over. Nil for anything else.
    public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        guard text.count > 0 else { return [] }
        let pad = UInt8(ascii: "=")
        let padding = text[text.count - 1] != pad ? 0 : text[text.count - 2] != pad ? 1 : 2
        // The last group apart: only it may be padded.
        let body = UnsafeRawBufferPointer(rebasing: text[..<(text.count - 4)])
        var isValid = true
        let decoded = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 8) { output, filled in
            isValid = decodeGroups(body, into: UnsafeMutableRawBufferPointer(output))
            filled = body.count / 4 * 3
            guard isValid, let tail = lastGroup(text[(text.count - 4)...], padding) else {
                isValid = false
                return
            }
            for byte in tail {
                output[filled] = byte
                filled += 1
            }
        }
        return isValid ? decoded : nil
    }

    private static let blockSize = 4096

    /// As far as the processor's vectors go; the rest, or on another processor all, in two passes over blocks that stay in the cache:
    /// characters to six bits, which the compiler makes vectors of, then six bits to bytes, eight characters in a word. `output` has
    /// eight bytes more than are decoded.
    private static func decodeGroups(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: blockSize, alignment: 16) { sextets in
            var start = cbase64_decode(text.baseAddress, text.count, output.baseAddress)
            while start < text.count {
                let block = UnsafeRawBufferPointer(rebasing: text[start..<min(start + blockSize, text.count)])
                guard translate(block, into: sextets) else { return false }
                pack(UnsafeRawBufferPointer(rebasing: sextets[..<block.count]), into: output, at: start / 4 * 3)
                start += block.count
            }
            return true
        }
    }

    private static func translate(_ text: UnsafeRawBufferPointer, into sextets: UnsafeMutableRawBufferPointer) -> Bool {
        var invalid: UInt8 = 0
        for index in 0..<text.count {
            let character = text[index]
            let upper = character &- 0x41
            let lower = character &- 0x61
            let digit = character &- 0x30
            // Exactly one mask is all ones if the character is of the alphabet.
            let isUpper: UInt8 = upper < 26 ? 0xff : 0
            let isLower: UInt8 = lower < 26 ? 0xff : 0
            let isDigit: UInt8 = digit < 10 ? 0xff : 0
            let isPlus: UInt8 = character == 0x2b ? 0xff : 0
            let isSlash: UInt8 = character == 0x2f ? 0xff : 0
            sextets[index] =
                isUpper & upper | isLower & (lower &+ 26) | isDigit & (digit &+ 52) | isPlus & 62 | isSlash & 63
            invalid |= ~(isUpper | isLower | isDigit | isPlus | isSlash)
        }
        return invalid == 0
    }

    /// Stores eight bytes for six and lets the next store run over the two too many.
    private static func pack(_ sextets: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, at start: Int) {
        var target = start
        var index = 0
        while index + 8 <= sextets.count {
            let word = UInt64(bigEndian: sextets.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let twelves = (word & 0x3f00_3f00_3f00_3f00) >> 2 | (word & 0x003f_003f_003f_003f)
            let twentyFours = (twelves & 0x0fff_0000_0fff_0000) >> 4 | (twelves & 0x0000_0fff_0000_0fff)
            let bits = (twentyFours & 0x00ff_ffff_0000_0000) >> 8 | (twentyFours & 0x0000_0000_00ff_ffff)
            output.storeBytes(of: (bits << 16).bigEndian, toByteOffset: target, as: UInt64.self)
            index += 8
            target += 6
        }
        if index < sextets.count {
            let bits = (0..<4).reduce(UInt32(0)) { $0 << 6 | UInt32(sextets[index + $1]) }
            for place in 0..<3 { output[target + place] = UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * place)) }
        }
    }

    private static func lastGroup(_ text: Slice<UnsafeRawBufferPointer>, _ padding: Int) -> [UInt8]? {
        var bits: UInt32 = 0
        for character in text.dropLast(padding) {
            guard let sextet = sextet(character) else { return nil }
            bits = bits << 6 | sextet
        }
        switch padding {
        case 0: return [UInt8(bits >> 16), UInt8(bits >> 8 & 0xff), UInt8(bits & 0xff)]
        case 1: return bits & 0x3 == 0 ? [UInt8(bits >> 10), UInt8(bits >> 2 & 0xff)] : nil
        default: return bits & 0xf == 0 ? [UInt8(bits >> 4)] : nil
        }
    }

    private static func sextet(_ character: UInt8) -> UInt32? {
        switch character {
        case 0x41...0x5a: UInt32(character - 0x41)
        case 0x61...0x7a: UInt32(character - 0x61 + 26)
        case 0x30...0x39: UInt32(character - 0x30 + 52)
        case 0x2b: 62
        case 0x2f: 63
        default: nil
        }
    }
}
