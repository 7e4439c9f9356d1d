"""Exit code 0 when pg_hba.conf lets the dependent in; the first time it does not is noted, in Unix ms, as the verdict.

A lone StartupMessage from the dependent's own address: psql cannot choose one, and a whole login would only take longer.
"""
import json
import socket
import struct
import sys
import time

dependent = json.loads(sys.argv[1])
parameters = f"user\0{dependent['user']}\0database\0{dependent['database']}\0\0".encode()
startup = struct.pack("!ii", 8 + len(parameters), 3 << 16) + parameters
terminate = b"X\0\0\0\4"

source = (dependent["address"], 0)
with socket.create_connection(("127.0.0.1", dependent["port"]), timeout=2, source_address=source) as server:
    server.sendall(startup)
    let_in = server.recv(1) == b"R"
    if let_in:
        server.sendall(terminate)

if not let_in:
    try:
        with open(dependent["verdict_file"], "x") as file:
            file.write(str(time.time() * 1000))
    except FileExistsError:
        pass
    sys.exit(1)
