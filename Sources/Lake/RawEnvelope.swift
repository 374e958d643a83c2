import Digest

/// The first line of a raw object: one flat object of JSON.
struct RawEnvelope: Equatable {
    /// Without its body.
    let head: RawObject
    /// Of the body.
    let bytes: Int
    /// Of the body.
    let sha256: String

    private static let version = 1
    private static let clockOffset = "clock_offset_ms"

    init(_ object: RawObject) {
        head = object.with(body: [])
        bytes = object.body.count
        sha256 = SHA256.hash(object.body).hex
    }

    /// Throws unless every member is there that must be, and each is what it should be; members that we do not know are left aside.
    init(line: ArraySlice<UInt8>) throws(FlatJSONError) {
        let members = try FlatJSON.read(line)
        func text(_ name: String) throws(FlatJSONError) -> String {
            guard case .text(let text) = members[name] else { throw FlatJSONError(reason: "its envelope has no text \(name)") }
            return text
        }
        func number(_ name: String) throws(FlatJSONError) -> Int {
            guard case .number(let number) = members[name] else { throw FlatJSONError(reason: "its envelope has no number \(name)") }
            return number
        }
        func time(_ name: String) throws(FlatJSONError) -> UTCMilliseconds {
            guard let time = UTCMilliseconds(text: try text(name)) else { throw FlatJSONError(reason: "its envelope has no time \(name)") }
            return time
        }
        let version = try number("version")
        guard version == Self.version else { throw FlatJSONError(reason: "its envelope is of version \(version)") }
        let clockOffset = members[Self.clockOffset] == nil ? 0 : try number(Self.clockOffset)
        guard RawObject.clockOffsets.contains(clockOffset) else {
            throw FlatJSONError(reason: "its envelope has a \(Self.clockOffset) of more than an hour")
        }
        head = RawObject(
            exchange: try text("exchange"), symbol: try text("symbol"), channel: try text("channel"),
            interval: members["interval"] == nil ? nil : try text("interval"), url: try text("url"),
            requestedAt: try time("requested_at").date, receivedAt: try time("received_at").date, clockOffset: clockOffset,
            status: try number("status"), source: members["source"] == nil ? nil : try text("source"), body: [])
        bytes = try number("bytes")
        sha256 = try text("sha256")
    }

    /// Without a line feed.
    var line: String {
        var members: [(String, FlatJSON.Value)] = [
            ("version", .number(Self.version)), ("exchange", .text(head.exchange)), ("symbol", .text(head.symbol)),
            ("channel", .text(head.channel)),
        ]
        if let interval = head.interval { members.append(("interval", .text(interval))) }
        members += [
            ("url", .text(head.url)), ("requested_at", .text(UTCMilliseconds(head.requestedAt).text)),
            ("received_at", .text(UTCMilliseconds(head.receivedAt).text)),
        ]
        if head.clockOffset != 0 { members.append((Self.clockOffset, .number(head.clockOffset))) }
        members += [("status", .number(head.status)), ("bytes", .number(bytes)), ("sha256", .text(sha256))]
        if let source = head.source { members.append(("source", .text(source))) }
        return FlatJSON.write(members)
    }
}

extension RawObject {
    func with(body: [UInt8]) -> RawObject {
        RawObject(
            exchange: exchange, symbol: symbol, channel: channel, interval: interval, url: url, requestedAt: requestedAt,
            receivedAt: receivedAt, clockOffset: clockOffset, status: status, source: source, body: body)
    }
}
