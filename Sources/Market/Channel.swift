/// What venues are asked for again and again. The names stand in keys of the lake and in tables.
public enum Channel: String, CaseIterable, Sendable {
    case klines, depth, tickers
}
