public import Postgres

/// What the list of products and the metrics ask. Reads only, so each may be asked twice.
public struct ProductReads {
    private let connection: Connection

    public init(_ connection: Connection) { self.connection = connection }

    /// When the newest sample of product `g` was taken, whoever took it.
    static let newestSample: SQL =
        "(SELECT s.sampled_at FROM crypto_gaf.samples s WHERE s.product = g.product ORDER BY s.sample_id DESC LIMIT 1)"

    /// `{"products": […]}` in the order of their names, as Postgres wrote it.
    ///
    /// The newest sample may be a predecessor's, who keeps no books in `feeds` and does not say where it comes from. `samples` counts only
    /// what the first image still waits for, so of a drawn product no other sample is read.
    public func json() throws(PostgresError) -> Cell {
        let rows = try connection.query(
            """
            SELECT json_build_object('products', coalesce(json_agg(json_build_object(
                'product', g.product,
                'venue', CASE WHEN strpos(g.product, ':') > 0 THEN split_part(g.product, ':', 1) END,
                'source', CASE WHEN newest.sampled_at IS NULL OR newest.sampled_at = f.last_sample_at THEN f.source END,
                'size', coalesce(g.size, 0),
                'max_size', g.max_size,
                'midpoint', g.midpoint::text,
                'calculated_at', to_char(g.calculated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'age', round(extract(epoch FROM clock_timestamp() - g.calculated_at), 3),
                'last_sample_at', to_char(coalesce(newest.sampled_at, f.last_sample_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                'samples', CASE WHEN g.orderbook_image IS NULL THEN
                    (SELECT count(*) FROM (SELECT 1 FROM crypto_gaf.samples s WHERE s.product = g.product LIMIT 21) few) END,
                'redraw_interval', extract(epoch FROM g.redraw_interval),
                'version', g.version
            ) ORDER BY g.product), '[]'))::text
            FROM crypto_gaf.gafs g LEFT JOIN crypto_gaf.feeds f USING (product)
            LEFT JOIN LATERAL \(Self.newestSample) newest ON true
            """)
        guard let cell = try rows.one().cell(0) else { throw PostgresError(.decode, "the list of products is NULL") }
        return cell
    }
}
