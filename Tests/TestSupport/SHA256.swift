import Foundation

/// SHA-256 digests in lower-case hexadecimal, by coreutils: a test build's own loop would take a minute for what takes it a moment.
public func sha256(_ messages: [[UInt8]]) throws -> [String] {
    let directory = FileManager.default.temporaryDirectory.appending(path: "sha256-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (index, message) in messages.enumerated() { try Data(message).write(to: directory.appending(path: "\(index)")) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/sha256sum")
    process.arguments = messages.indices.map { directory.appending(path: "\($0)").path }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let lines = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: lines, as: UTF8.self).split(separator: "\n").map { String($0.prefix(64)) }
}
