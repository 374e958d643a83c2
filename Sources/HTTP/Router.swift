/// From method and path to a handler. `Context` is what a worker owns and lends to each handler, such as its connection.
///
/// HEAD is answered for every GET and OPTIONS for every path; what no route has is a 404 or 405 problem.
public struct Router<Context>: Sendable {
    public typealias Handler = @Sendable (Request, Context) throws -> Response

    private var patterns: [PathPattern] = []
    private var handlers: [[Method: Handler]] = []
    /// Paths without `{name}` segments, found at once.
    private var fixed: [String: Int] = [:]
    private let crossOrigin: CrossOrigin
    private let prepare: @Sendable (Request, Context) -> Void

    /// - Parameter prepare: gets a request before its handler does.
    public init(crossOrigin: CrossOrigin = .none, prepare: @escaping @Sendable (Request, Context) -> Void = { _, _ in }) {
        self.crossOrigin = crossOrigin
        self.prepare = prepare
    }

    /// Every route as method and path, in the order they were added.
    public var routes: [(method: Method, path: String)] {
        zip(patterns, handlers).flatMap { pattern, methods in
            methods.keys.sorted { $0.rawValue < $1.rawValue }.map { (method: $0, path: pattern.text) }
        }
    }

    /// - Parameter path: segments are literal, or `{name}` for exactly one segment of any text. Fixed paths win over patterns.
    public mutating func on(_ method: Method, _ path: String, _ handler: @escaping Handler) {
        if let index = patterns.firstIndex(where: { $0.text == path }) {
            precondition(handlers[index][method] == nil, "\(method) \(path) has two handlers")
            handlers[index][method] = handler
            return
        }
        let pattern = PathPattern(path)
        if pattern.isFixed { fixed[path] = patterns.count }
        patterns.append(pattern)
        handlers.append([method: handler])
    }

    public mutating func get(_ path: String, _ handler: @escaping Handler) { on(.get, path, handler) }

    /// Never throws: an error becomes the problem it stands for, and stays with the response for the log.
    ///
    /// A response to HEAD keeps its body, for its length; whoever sends it leaves the body out.
    public func respond(to request: Request, with context: Context) -> Response {
        var response: Response
        prepare(request, context)
        do {
            response = try dispatch(request, context)
        } catch {
            let problem = (error as? any RespondingError)?.problem ?? .unexpected(error)
            response = problem.response(requestID: request.id)
        }
        crossOrigin.apply(to: &response, of: request)
        return response
    }

    private func dispatch(_ request: Request, _ context: Context) throws -> Response {
        guard let (index, captures) = find(request.encodedPath) else {
            throw Problem(.notFound, "nothing is at \(request.path)")
        }
        let methods = handlers[index]
        if let handler = methods[request.method] ?? (request.method == .head ? methods[.get] : nil) {
            guard !captures.isEmpty else { return try handler(request, context) }
            var request = request
            request.captures = captures
            return try handler(request, context)
        }
        let allowed = allowedMethods(methods)
        if request.method == .options {
            return Response(.noContent, headers: crossOrigin.preflight(allowing: allowed, of: request))
        }
        throw Problem(.methodNotAllowed, "\(request.path) accepts \(allowed)", headers: ["Allow": allowed])
    }

    private func find(_ encodedPath: Substring) -> (Int, [String: String])? {
        if let index = fixed[String(encodedPath)] { return (index, [:]) }
        let segments = PathPattern.segments(of: encodedPath)
        for (index, pattern) in patterns.enumerated() {
            if let captures = pattern.match(segments) { return (index, captures) }
        }
        return nil
    }

    private func allowedMethods(_ methods: [Method: Handler]) -> String {
        var names = Set(methods.keys.map(\.rawValue))
        if names.contains("GET") { names.insert("HEAD") }
        names.insert("OPTIONS")
        return names.sorted().joined(separator: ", ")
    }
}
