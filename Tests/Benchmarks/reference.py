"""One pass of the predecessor's worker for one product: read, smooth in SQL, eleven fields by pyts, five PNGs by Pillow, write."""

import base64
import io

import numpy as np
from PIL import Image
from pyts.image import GramianAngularField

# Buys and sells are smoothed over 11 rows, as the old worker had it: by Postgres.
SMOOTHED = ", ".join(
    f"avg({side}[{k}]) OVER (ORDER BY sample_id ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING)" for side in ("buys", "sells") for k in (1, 2, 3))
READ = f"""SELECT midpoint, ask_prices, ask_sizes, bid_prices, bid_sizes, {SMOOTHED}
FROM crypto_gaf.samples WHERE product = %s ORDER BY sample_id DESC LIMIT %s"""
WRITE = """UPDATE crypto_gaf.gafs SET size = %s, midpoint = %s, midpoint_images = %s, orderbook_image = %s, buy_image = %s, sell_image = %s
WHERE product = %s"""


def fields(series, method="summation"):
    """(n, samples) → (n, samples, samples) in [−1, 1]."""
    return GramianAngularField(image_size=1.0, method=method).fit_transform(np.asarray(series, dtype=float))


def to_bytes(field):
    return ((field + 1) / 2 * 255).astype(np.uint8)


def png(planes):
    """One plane is grey, three are red, green and blue."""
    image = Image.fromarray(planes[0]) if len(planes) == 1 else Image.fromarray(np.stack(planes, axis=-1))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def series(rows):
    """Rows, newest first → 3 order book series, 3 of buys (size, price, count), 3 of sells, the midpoint."""
    prices, sizes, bids, bid_sizes = (np.array([[float(x) for x in row[k]] for row in rows]) for k in (1, 2, 3, 4))
    total = sizes + bid_sizes
    book = np.divide(prices * sizes - bids * bid_sizes, total, out=np.zeros_like(total), where=total > 0)
    flow = np.array([[float(x) for x in row[5:11]] for row in rows])
    return book.T, flow.T[[1, 0, 2]], flow.T[[4, 3, 5]], np.array([[float(row[0]) for row in rows]])


def images(rows):
    """The five images as PNG: order book, buys, sells, midpoint summation and difference."""
    book, buys, sells, midpoint = series(rows)
    planes = to_bytes(fields(np.concatenate([book, buys, sells, midpoint])))
    difference = to_bytes(fields(midpoint, "difference"))
    return [png(planes[0:3]), png(planes[3:6]), png(planes[6:9]), png(planes[9:10]), png(difference)]


def draw(connection, product, size):
    """The whole pass. `connection` is psycopg's."""
    with connection.cursor() as cursor:
        rows = cursor.execute(READ, (product, size)).fetchall()
        text = [base64.b64encode(image).decode() for image in images(rows)]
        cursor.execute(WRITE, (len(rows), rows[0][0], text[3:5], text[0], text[1], text[2], product))
    connection.commit()
