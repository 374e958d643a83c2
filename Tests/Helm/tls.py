"""Certificates for servers of tests."""

import subprocess
from pathlib import Path


def authority(folder, names):
    """(its certificate, server's certificate, server's key), the server's for such names."""
    run = lambda *words: subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)  # noqa: E731
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test authority",
        "-keyout", "ca.key", "-out", "ca.crt")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={names[0]}", "-keyout", "server.key", "-out", "server.csr")
    (Path(folder) / "names").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.crt")
    return [(Path(folder) / name).read_text() for name in ("ca.crt", "server.crt", "server.key")]
