"""The rows of the table of compiled engines, one small module for each kind of engine."""

from __future__ import annotations

from peers import by_hand_c, by_hand_numpy, ours, pytorch, scalars, xla
from peers.peer import Peer

PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        scalars.Micrograd,
        pytorch.Eager,
        pytorch.Compiled,
        xla.Jit,
        xla.Scan,
        by_hand_numpy.NumPy,
        by_hand_c.CalledC,
        by_hand_c.LoopedC,
        ours.Eager,
        ours.CompiledNumPy,
        ours.CompiledNative,
    )
}
