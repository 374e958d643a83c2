/// The texts of `--help`, in lines that a terminal need not break.
enum HelpText {
    /// Columns.
    static let width = 100

    /// A name and beside it what it means, in lines below each other if it needs several.
    static func rows(_ rows: [(name: String, meaning: String)]) -> String {
        let column = 4 + (rows.map(\.name.count).max() ?? 0)
        let margin = "\n" + String(repeating: " ", count: column)
        return rows.map { name, meaning in
            let gap = String(repeating: " ", count: column - 2 - name.count)
            return "  \(name)\(gap)\(lines(meaning, width - column).joined(separator: margin))\n"
        }.joined()
    }

    /// Paragraphs with an empty line between them. One that begins with a space, such as examples, stays as it is.
    static func paragraphs(_ text: String) -> String {
        let paragraphs = text.split(separator: "\n\n").map { paragraph in
            paragraph.hasPrefix(" ") ? String(paragraph) : lines(paragraph, width).joined(separator: "\n")
        }
        return paragraphs.joined(separator: "\n\n") + "\n"
    }

    private static func lines(_ text: some StringProtocol, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
