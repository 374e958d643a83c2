import Curl
import Market

/// Who is asked, for errors; and the checks that every venue's answers need.
struct Subject: Sendable {
    let venue: String
    let symbol: String

    func error(_ code: VenueError.Code, _ message: String, _ response: Response) -> VenueError {
        VenueError(code, venue: venue, symbol: symbol, url: response.url, message: message, retryAfter: response.retryAfter)
    }

    /// Throws what a status other than 2xx means; 404 only for what stands in the path, which is a product.
    func requireSuccess(_ response: Response) throws(VenueError) {
        guard let code = VenueError.Code(response, isExplained: true) else { return }
        let message = "status \(response.status)" + excerpt(response.body)
        throw error(response.status == 404 ? .unknownSymbol : code, message, response)
    }

    /// Reads the whole body; what `read` finds wrong becomes `malformed`.
    func read<R>(_ response: Response, _ read: (inout JSONReader) throws(JSONError) -> R) throws(VenueError) -> R {
        do throws(JSONError) {
            return try JSONReader.read(response.body, read)
        } catch {
            throw self.error(.malformed, "\(error)" + excerpt(response.body), response)
        }
    }

    func error(_ error: BookError, _ response: Response) -> VenueError {
        switch error.fault {
        case .crossed: self.error(.crossed, "\(error)", response)
        case .emptySide: self.error(.emptySide, "\(error)", response)
        case .price, .size, .aggregation, .depth: self.error(.malformed, "\(error)", response)
        }
    }
}

/// The beginning of a body as the end of a sentence, on one line, without what a terminal would obey or Postgres cannot store.
func excerpt(_ body: some Collection<UInt8>, limit: Int = 120) -> String {
    body.isEmpty ? ", empty body" : ": " + printable(body, limit: limit)
}

func printable(_ bytes: some Collection<UInt8>, limit: Int) -> String {
    var text = ""
    for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
        let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
        text.unicodeScalars.append(isControl || scalar.properties.isWhitespace ? " " : scalar)
    }
    return text + (bytes.count > limit ? "…" : "")
}
