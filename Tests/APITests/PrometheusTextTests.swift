import Testing

@testable import API

@Suite struct PrometheusTextTests {
    @Test("writes families with help, type and escaped labels")
    func families() {
        var out = PrometheusText()
        out.family("a_total", .counter, "Back\\slash and\nline.", [(["product": "x\"y\\z\n"], 3), (["product": "b"], nil), ([:], 0.25)])
        #expect(
            out.text == #"""
                # HELP a_total Back\\slash and\nline.
                # TYPE a_total counter
                a_total{product="x\"y\\z\n"} 3
                a_total 0.25

                """#)
    }

    @Test("a family without samples is left out")
    func empty() {
        var out = PrometheusText()
        out.family("a", .gauge, "Help.", [([:], nil)])
        out.family("b", .gauge, "Help.", [])
        #expect(out.text == "")
    }

    @Test("numbers are as Prometheus reads them")
    func numbers() {
        var out = PrometheusText()
        out.family("a", .gauge, "H.", [([:], .infinity), ([:], -.infinity), ([:], .nan), ([:], 1e20), ([:], -2)])
        #expect(out.text.split(separator: "\n").dropFirst(2).map { $0.dropFirst(2) } == ["+Inf", "-Inf", "NaN", "1e+20", "-2"])
    }
}
