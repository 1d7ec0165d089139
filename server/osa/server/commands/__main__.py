"""`python -m osa.server.commands worker …`: how a server starts its workers."""

import sys

from osa.server.commands import migrate, serve, token, worker

if __name__ == "__main__":
    commands = {"serve": serve, "worker": worker, "migrate": migrate, "token": token}
    sys.exit(commands[sys.argv[1]](sys.argv[2:]))
