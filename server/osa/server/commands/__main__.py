"""`python -m osa.server.commands worker …`: how a server starts its workers."""

import gc
import sys

if __name__ == "__main__":
    # What is imported stays: to look through it for garbage is a sixth of a start.
    gc.disable()
    from osa.server.commands import migrate, serve, token, worker

    gc.freeze()
    gc.enable()
    commands = {"serve": serve, "worker": worker, "migrate": migrate, "token": token}
    sys.exit(commands[sys.argv[1]](sys.argv[2:]))
