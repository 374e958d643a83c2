"use strict";
// What the predecessor's API did for each image, with the parts that it was made of. For comparison only.

const express = require("express");
const { Pool } = require("pg");

const pool = new Pool();
const app = express();

app.get("/api/gaf/image", async (request, response) => {
  const { rows } = await pool.query(
    "SELECT size, midpoint, midpoint_images, orderbook_image, buy_image, sell_image FROM crypto_gaf.gafs WHERE product = $1",
    [request.query.product],
  );
  const [row] = rows;
  response.json({
    midpoint: row.midpoint,
    png1: row.orderbook_image,
    png2: row.buy_image,
    png3: row.sell_image,
    png4: row.midpoint_images[1],
    size: row.size,
    date: new Date(),
  });
});

app.listen(Number(process.env.PORT), "127.0.0.1");
