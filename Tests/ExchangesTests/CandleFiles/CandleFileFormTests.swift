import Market
import Testing

@testable import Exchanges

extension CandleFileForm {
    /// Of a whole file, handed over in chunks of so many bytes.
    fileprivate func pieces(_ file: [UInt8], rows: Int, chunk: Int = .max) -> [CandleFile.Piece] {
        var cutter = CandleFileCutter(self, rows: rows)
        for start in stride(from: 0, to: file.count, by: min(chunk, max(file.count, 1))) {
            cutter.add(Array(file[start..<min(file.count, start + min(chunk, file.count))]))
        }
        cutter.finish()
        return Array(sequence(state: ()) { _ in cutter.next() })
    }
}

@Suite struct CandleFileFormTests {
    private func candles(_ text: String, _ interval: KlineInterval = .minute) throws -> ParsedRows<Candle> {
        let file = Array(text.utf8)
        let form = try CandleFileForm(of: file)
        // Through its description, as a piece in the lake is read.
        let read = try #require(CandleFileForm(description: form.description))
        var parsed = ParsedRows<Candle>()
        for piece in form.pieces(file, rows: 2) {
            let part = try read.candles(piece.bytes, interval: interval)
            parsed.rows += part.rows
            parsed.rejected += part.rejected
        }
        return parsed
    }

    private let minute: Int64 = 1_700_000_040_000

    @Test(
        "a candle is the same in every layout",
        arguments: [
            "timestamp,open,high,low,close,volume\n1700000040,1.5,2,1,1.25,7\n",
            "timestamp_ms,open,high,low,close,volume\r\n1700000040000,1.5,2,1,1.25,7\r\n",
            "1700000040000,1.5,2,1,1.25,7",
            "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n1700000040000,1.5,2,1,1.25,7,1700000099999,9,3,2,4,0\n",
            "1700000040000000,1.5,2,1,1.25,7,1700000099999999,9,3,2,4,0\n",
            "volume,close,low,high,open,close_datetime\n7,1.25,1,2,1.5,2023-11-14 23:14:59.999000+01:00\n",
            "date,open,high,low,close,volume\n\"2023-11-14T22:14:00Z\",1.5,2,1,1.25,7\n",
            "close_time,open,high,low,close,volume\n1700000100,1.5,2,1,1.25,7\n",
            "[[1700000040000, 1.5, 2, 1, 1.25, 7]]",
            "\u{FEFF}timestamp,open,high,low,close,volume\n1700000040,1.5,2,1,1.25,7\n",
            "\u{FEFF}1700000040,1.5,2,1,1.25,7\n", "\u{FEFF}[[1700000040,1.5,2,1,1.25,7]]",
            "Open time,Open,High,Low,Close,Volume,Close time,Quote asset volume,Number of trades,Taker buy base asset volume,Taker buy quote asset volume,Ignore\n1700000040000,1.5,2,1,1.25,7,1700000099999,9,3,2,4,0\n",
            "\"Open-Time\" ,OPEN,High,low,CLOSE, Volume\n1700000040,1.5,2,1,1.25,7\n",
            " [\n [\"1700000040000\",\"1.5\",\"2\",\"1\",\"1.25\",\"7\",1700000099999,\"9\",3,\"2\",\"4\",\"0\"]\n]\n",
        ])
    func layouts(text: String) throws {
        let parsed = try candles(text)
        let candle = try #require(parsed.rows.first?.row)
        #expect(parsed.rows.count == 1 && parsed.rejected.isEmpty)
        #expect(candle.openTime == minute && candle.isClosed == nil)
        #expect(
            [candle.open, candle.high, candle.low, candle.close, candle.volume] == ["1.5", "2", "1", "1.25", "7"].map { WireDecimal($0) })
        if text.contains("99999") {
            #expect(candle.quoteVolume == WireDecimal("9") && candle.tradeCount == 3 && candle.takerBuyVolume == WireDecimal("2"))
        }
    }

    @Test("a file is cut between rows, and nothing of it is lost or told twice", arguments: [1, 2, 3, 7, 100])
    func pieces(rows: Int) throws {
        let times = (0..<7).map { minute + Int64($0) * 60_000 }
        let lines = times.map { "\($0),1,2,1,1,5" }
        for text in [lines.joined(separator: "\n"), "[" + lines.map { "[\($0)]" }.joined(separator: ", ") + "]"] {
            let file = Array(text.utf8)
            let form = try CandleFileForm(of: file)
            let pieces = form.pieces(file, rows: rows)
            #expect(pieces.count == (7 + rows - 1) / rows)
            #expect(pieces.map(\.firstRow) == Array(stride(from: 1, through: 7, by: rows)))
            for chunk in [1, 2, 5, 64] { #expect(form.pieces(file, rows: rows, chunk: chunk) == pieces) }
            let openings = try pieces.flatMap { try form.candles($0.bytes, interval: .minute).rows.map(\.row.openTime) }
            #expect(openings == times)
        }
    }

    @Test("a row that cannot be read is set aside with its reason")
    func rejected() throws {
        let parsed = try candles(
            "timestamp,open,high,low,close,volume\n1700000040,x,2,1,1,7\n1700000100,1,2,1,1,7\nsoon,1,2,1,1,7\n1700000160,1,2\n")
        #expect(parsed.rows.count == 1)
        #expect(
            parsed.rejected.map(\.reason) == [
                "the open is no number of at most 38 digits", "\"soon\" is no time", "it has 3 columns where there should be 6",
            ])
    }

    @Test(
        "what is no moment of the calendar is no time",
        arguments: [
            "2024-02-30", "2023-02-29", "2100-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00", "2024x12y01",
            "2024-12-01x10:30",
            "2024-12-01 10x30", "2024-12-01 24:00", "2024-12-01 10:60", "2024-12-01 10:30:60", "2024-12-01 10:30:00.",
            "2024-12-01 10:30:00.5x",
            "2024-12-01 10:30+1:000", "2024-12-01 10:30+01:0", "2024-12-01 10:30+24:00", "2024-12-01 10:30+01:60", "2024-12-01Z",
            "24-12-01",
        ])
    func noTimes(text: String) throws {
        let parsed = try candles("date,open,high,low,close,volume\n\(text),1,2,1,1,7\n")
        #expect(parsed.rows.isEmpty && parsed.rejected.map(\.reason) == ["\"\(text)\" is no time"])
    }

    @Test(
        "times are read with and without what may be left out",
        arguments: [
            ("2024-02-29", 1_709_164_800_000), ("2024-02-29 12:30", 1_709_209_800_000), ("2024-02-29T12:30:01Z", 1_709_209_801_000),
            ("2024-02-29 12:30:01.9999999-0130", 1_709_215_201_999), ("2024-03-01 00:00+12:00", 1_709_208_000_000),
            ("2000-02-29 00:00:00.5", 951_782_400_500), ("2024-02-29 23:59:60Z", 1_709_251_200_000),
        ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) throws {
        #expect(try candles("date,open,high,low,close,volume\n\(text),1,2,1,1,7\n").rows.map(\.row.openTime) == [milliseconds])
    }

    @Test("of JSON too a row that cannot be read is set aside, and the others are read")
    func rejectedOfJSON() throws {
        let parsed = try candles(
            "[[1700000040000,1,2,1,1,7],[1700000100000,1,2,1,1,null],[1700000160000,1,2,[1],1,7],null,[1700000220000,1,2,1,1]]")
        #expect(parsed.rows.map(\.row.openTime) == [minute])
        #expect(parsed.rejected.count == 4)
        #expect(parsed.rejected.last?.reason == "it has 5 columns where there should be 6")
    }

    @Test("a JSON file that was cut off is no file without candles")
    func cutOff() throws {
        let file = Array("[[1700000040000,1,2,1,1,7],[1700000100000,1,2".utf8)
        let form = try CandleFileForm(of: file)
        #expect(throws: AnswerError.self) {
            for piece in form.pieces(file, rows: 1) { _ = try form.candles(piece.bytes, interval: .minute) }
        }
    }

    @Test(
        "of a JSON file that was cut off every whole row is read, and what is left is unreadable",
        arguments: [
            ("[[1700000040000,1,2,1,1,7],[1700000100000,1,2", 1), ("[[1700000040000,1,2,1,1,7],[1700000100000,1,2,1,1,7],[17", 2),
            ("[[1700000040000,1,2,1,1,7],[1700000100000,1,2,1,1,7]", 2), ("[[1700000040000,1,2,1,1,7],", 1),
            ("[[1700000040000,1,2,1,1,7]] [[1700000100000,1,2", 1), ("[[1700000040000,1,2,1,1,7]]x", 1),
        ])
    func cutOffRows(text: String, rows: Int) throws {
        let file = Array(text.utf8)
        let form = try CandleFileForm(of: file)
        let pieces = form.pieces(file, rows: 100)
        #expect(pieces.count == 2)
        for chunk in [1, 7] { #expect(form.pieces(file, rows: 100, chunk: chunk) == pieces) }
        #expect(try form.candles(pieces[0].bytes, interval: .minute).rows.count == rows)
        #expect(throws: AnswerError.self) { try form.candles(pieces[1].bytes, interval: .minute) }
    }

    @Test("brackets, commas and quotes inside a string, and what is no row, do not move the cuts", arguments: [2, 100])
    func strings(rows: Int) throws {
        let file =
            Array(
                #"[["1700000040000","1","2","1","1","7]"],["1700000100000","1","2\"],[","1","1","7"], null,{"a":[1,2]},"x",["#.utf8)
            + Array(#""1700000160000","1","2","1","1","7"] , null]"#.utf8)
        let form = try CandleFileForm(of: file)
        var (opened, rejected) = ([Int64](), 0)
        for piece in form.pieces(file, rows: rows) {
            let parsed = try form.candles(piece.bytes, interval: .minute)
            opened += parsed.rows.map(\.row.openTime)
            rejected += parsed.rejected.count
        }
        #expect(opened == [1_700_000_160_000] && rejected == 6)
    }

    @Test(
        "a file that holds no candles is refused with what it lacks",
        arguments: [
            ("", "the file is empty"), ("time,open,high,low,volume\n1,1,1,1,1", "it has no column close"),
            ("open,high,low,close,volume\n1,1,1,1,1", "it has no column that tells a time, such as open_time"),
            ("1,2,3,4,5,6,7\n", "it has no header, and 7 columns: 6 or 12 would be known"),
            ("[]", "it has no rows: there are no candles in it"),
            ("\n[ \n]\n", "it has no rows"), ("[7]", "it has no header, and 1 column: 6 or 12"),
            ("\u{1F}\u{8B}", "it is compressed: unpack it first"), ("PK\u{3}\u{4}\u{14}", "it is compressed: unpack it first"),
        ])
    func refused(text: String, reason: String) {
        // Beyond ASCII each character is the byte of its number.
        let file = text.unicodeScalars.map { UInt8($0.value) }
        #expect { try CandleFileForm(of: file) } throws: { "\($0)".contains(reason) }
    }
}
