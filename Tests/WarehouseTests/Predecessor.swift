import Postgres
import TestSupport

/// The database of the first programs, as their chart made it, and the statements of their workers and API, word for word but for
/// the binds.
enum Predecessor {
    static let schema = """
        CREATE SCHEMA crypto_gaf;
        CREATE TABLE crypto_gaf.gafs (
            buy_image text, orderbook_image text, max_size integer, midpoint numeric, midpoint_images text[],
            product text PRIMARY KEY NOT null, sell_image text, size integer);
        CREATE TABLE crypto_gaf.samples (
            ask_prices numeric[], ask_sizes numeric[], bid_prices numeric[], bid_sizes numeric[], buys numeric[], midpoint numeric,
            product text references crypto_gaf.gafs(product), sample_id bigserial PRIMARY KEY, sells numeric[]);
        """

    static let rows = """
        INSERT INTO crypto_gaf.gafs (product, max_size, size, midpoint, midpoint_images, orderbook_image, buy_image, sell_image) VALUES
            ('BTC-USD', 600, 30, 91234.565, ARRAY['c3Vt', 'ZGlm'], 'b3Ji', 'YnV5', 'c2Vs'), ('ETH-USD', 60, NULL, NULL, NULL, NULL, NULL, NULL),
            ('O''DD', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        INSERT INTO crypto_gaf.samples (ask_prices, ask_sizes, bid_prices, bid_sizes, buys, midpoint, product, sells)
        SELECT ARRAY[91234.5 + i, 91235, 'NaN'], ARRAY[0.1, NULL, 3], ARRAY[91233, 91232, 91231], ARRAY[1, 2, 3],
            ARRAY[0, 0, 0], 91234.25 + i, (ARRAY['BTC-USD', 'ETH-USD'])[1 + i % 2], ARRAY[1, 2, 3] FROM generate_series(1, 60) i;
        INSERT INTO crypto_gaf.samples (product) VALUES ('BTC-USD');
        """

    /// Everything in the two tables that was there before us, in one text.
    static func contents(_ connection: Connection) throws -> String {
        try connection.query(
            """
            SELECT (SELECT json_agg(g ORDER BY product) FROM (SELECT product, max_size, size, midpoint, midpoint_images,
                    orderbook_image, buy_image, sell_image FROM crypto_gaf.gafs) g)::text
                || (SELECT json_agg(s ORDER BY sample_id) FROM (SELECT sample_id, product, midpoint, ask_prices::text, ask_sizes::text,
                    bid_prices::text, bid_sizes::text, buys::text, sells::text FROM crypto_gaf.samples) s)::text
            """
        ).one().text(0)
    }

    /// One tick of collect/app.py.
    static func collect(_ product: String, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO crypto_gaf.samples (ask_prices,ask_sizes,bid_prices,bid_sizes,buys,midpoint,product,sells)
            VALUES (\([91.5, 92]),\([1.0, 2]),\([90.5, 90]),\([1.0, 2]),\([0.0, 0, 0]),\(91.0),\(product),\([0.0, 0, 0]))
            """)
        // It deletes every other product's samples, which is why it may only run with one.
        try connection.execute(
            """
            WITH id_list AS
            (
               SELECT sample_id
               FROM crypto_gaf.samples WHERE product = \(product)
               ORDER BY sample_id DESC
               LIMIT \(600)
            )
            DELETE FROM crypto_gaf.samples WHERE sample_id NOT IN (SELECT * from id_list)
            """)
    }

    /// What calculate/app.py reads and writes for one product.
    static func calculate(_ product: String, _ connection: Connection) throws {
        _ = try connection.query("SELECT product,max_size FROM crypto_gaf.gafs")
        _ = try connection.query(
            "SELECT midpoint FROM crypto_gaf.samples WHERE product = \(product) ORDER BY sample_id desc LIMIT \(600)")
        _ = try connection.query(
            "SELECT ask_prices,ask_sizes FROM crypto_gaf.samples WHERE product = \(product) ORDER BY sample_id desc LIMIT \(600)")
        _ = try connection.query(
            """
            SELECT avg(buys[1]) over (order by sample_id desc rows between 5 preceding and 5 following)
            FROM crypto_gaf.samples WHERE product = \(product) ORDER BY sample_id desc LIMIT \(600)
            """)
        try connection.execute(
            """
            UPDATE crypto_gaf.gafs SET midpoint = \(91.0),midpoint_images = \(["YQ==", "Yg=="]),orderbook_image = \("Yw=="),
            buy_image = \("ZA=="),sell_image = \("ZQ=="),size = \(30) WHERE product = \(product)
            """)
    }
}
