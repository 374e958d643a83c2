extension CaptureFixture {
    /// One connection for books, one for trades. The checksums were computed with zlib's `crc32`, of the text that is written above each.
    static let krakenBook = [
        "wss://ws.example <-> 1000.0",
        #"1000.1: {"connectionID":1,"event":"systemStatus","status":"online","version":"1.8.3"}"#,
        #"1000.2: [1,{"as":[["100.10","1.50000000","9.1"],["100.20","0.05000000","9.2"]],"bs":[["100.00","2.00000000","9.3"],["99.90","0.00300000","9.4"]]},"book-10","XBT/USD"]"#,
        // 10020 5000000 10000 200000000 9990 300000
        #"1000.3: [1,{"a":[["100.10","0.00000000","9.5"]],"c":"3574929542"},"book-10","XBT/USD"]"#,
        // 10010 70000000 10020 5000000 10000 200000000 9990 300000
        #"1000.4: [1,{"a":[["100.10","0.70000000","9.6"]],"c":"173376341"},"book-10","XBT/USD"]"#,
        // 10010 70000000 10020 5000000 10005 100000000 10000 200000000 9990 300000
        #"1000.7: [1,{"a":[["100.30","0.00000000","9.7"]]},{"b":[["100.05","1.00000000","9.7"]],"c":"1115744301"},"book-10","XBT/USD"]"#,
    ]
    static let krakenTrades = [
        #"1000.15: [2,[["100.10","0.5","9.0","b","m",""]],"trade","XBT/USD"]"#,
        #"1000.4: [2,[["100.00","0.2","9.55","s","l",""],["99.90","0.1","9.55","s","l",""]],"trade","XBT/USD"]"#,
    ]
    static let okx = [
        #"1000.0: {"event":"subscribe","arg":{"channel":"books","instId":"AAA-USDT"}}"#,
        // 0.49:7:0.50:10:0.51:3.0
        #"1000.1: {"arg":{"channel":"books","instId":"AAA-USDT"},"action":"snapshot","data":[{"asks":[["0.50","10","0","4"],["0.51","3.0","0","1"]],"bids":[["0.49","7","0","2"]],"ts":"1","checksum":300409685}]}"#,
        #"1000.15: {"arg":{"channel":"trades","instId":"AAA-USDT"},"data":[{"instId":"AAA-USDT","tradeId":"7","px":"0.5","sz":"10","side":"buy","ts":"1"}]}"#,
        // 0.49:7:0.51:3.0:0.480:1
        #"1000.2: {"arg":{"channel":"books","instId":"AAA-USDT"},"action":"update","data":[{"asks":[["0.50","0","0","0"]],"bids":[["0.480","1","0","1"]],"ts":"2","checksum":-832393290}]}"#,
    ]
}
