"""The service and the store as they are, in a world where everything else is decided by a seed.

| module | is |
|---|---|
| `clock` | the database's clock and that of the processes; ids and chances |
| `scheduler` | actors that stop before each transaction; who goes on is drawn |
| `stage` | the product, built once in a process: what it takes from outside is the world's |
| `queue` | the durable queue: keeps, loses and repeats hand-overs |
| `workers` | worker processes: heartbeats, slots, attempts, as `osa.server.engine` has them |
| `callers` | what callers of the API do, and what they may be told |
| `witness` | looks at the tables after each commit, and knows what must be true of them |
| `world` | one seed: what happens, in which order, until nothing is left to do |
| `bugs` | defects to plant: a simulation that does not find them is worth nothing |
| `report` | many seeds, and what they have met |
"""
