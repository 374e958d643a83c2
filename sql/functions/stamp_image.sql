-- Every drawing gets a version and a time, whoever stores it: ETags are made of them. As the owner, so that no writer needs a
-- right to the sequence, and none can set it back.
CREATE OR REPLACE FUNCTION crypto_gaf.stamp_image() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    NEW.version := nextval('crypto_gaf.image_version');
    IF TG_OP = 'UPDATE' OR NEW.orderbook_image IS NOT NULL THEN
        NEW.calculated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END $$;

COMMENT ON FUNCTION crypto_gaf.stamp_image() IS 'Gives a drawing its version and time';
REVOKE ALL ON FUNCTION crypto_gaf.stamp_image() FROM PUBLIC;

CREATE OR REPLACE TRIGGER stamp_image
    BEFORE INSERT OR UPDATE OF size, midpoint, midpoint_images, orderbook_image, buy_image, sell_image ON crypto_gaf.gafs
    FOR EACH ROW EXECUTE FUNCTION crypto_gaf.stamp_image();

COMMENT ON TRIGGER stamp_image ON crypto_gaf.gafs IS 'ETags never lie, whichever program draws';
