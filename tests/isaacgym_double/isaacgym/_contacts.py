"""Contact forces on bodies, gathered while MuJoCo steps."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any, List

import mujoco
import numpy as np

from . import _rotations as rot
from ._enums import ContactCollection
from ._settings import Settings

NEVER = int(ContactCollection.CC_NEVER)
LAST = int(ContactCollection.CC_LAST_SUBSTEP)


class Contacts:
    """Mean over the substeps that count. On the body, N, world axes: `normal`, and with friction `full`.

    `moment` is that of `full` about the world's origin, N m.
    """

    def __init__(self, world: Any, num_bodies: int) -> None:
        self.world = world
        self.normal, self.full, self.moment = np.zeros((3, num_bodies, 3))
        self._seen: List[Any] = []  # contacts of this step: wrenches, frames, positions, rows of both bodies

    def add(self, cell: Any, substep: int, substeps: int) -> None:
        """Note the contacts of the substep just taken."""
        mode = int(self.world.sim.params.physx.contact_collection)
        model, data = cell.model, cell.data
        if not data.ncon or mode == NEVER or (mode == LAST and substep < substeps - 1):
            return
        wrenches = np.zeros((data.ncon, 6))
        for i in range(data.ncon):
            mujoco.mj_contactForce(model, data, i, wrenches[i])
        contact = data.contact
        bodies = model.geom_bodyid[np.stack([contact.geom1, contact.geom2])]
        rows = np.where(bodies > 0, cell.bodies.start - 1 + bodies, -1)
        share = 1.0 if mode == LAST else 1.0 / substeps
        self._seen.append(
            (share * wrenches[:, :3], contact.frame.reshape(-1, 3, 3), contact.pos.copy(), *rows)
        )

    def sum_up(self) -> None:
        """The forces of the step, of what was noted."""
        for total in (self.normal, self.full, self.moment):
            total[:] = 0.0
        if not self._seen:
            return
        wrench, frame, pos, *pair = (np.concatenate(x) for x in zip(*self._seen))
        self._seen.clear()
        normal = wrench[:, :1] * frame[:, 0]  # a frame's rows: normal from geom1 to geom2, and two tangents
        full = np.einsum("ni,nij->nj", wrench, frame)
        moment = rot.cross(pos, full)
        for rows, sign in zip(pair, (-1.0, 1.0)):
            on = rows >= 0
            for total, part in ((self.normal, normal), (self.full, full), (self.moment, moment)):
                np.add.at(total, rows[on], sign * part[on])

    def net(self) -> Any:
        """What the net contact force tensor shows."""
        return self.full if Settings.net_contact == "full" else self.normal
