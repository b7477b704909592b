"""Contact forces on bodies, gathered while MuJoCo steps."""

# MuJoCo's compiled classes have no type stubs.
# pyright: reportAttributeAccessIssue=false

from typing import Any

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
        self._wrench = np.zeros(6)

    def clear(self) -> None:
        for total in (self.normal, self.full, self.moment):
            total[:] = 0.0

    def add(self, cell: Any, substep: int, substeps: int) -> None:
        """Count the contacts of the substep just taken."""
        mode = int(self.world.sim.params.physx.contact_collection)
        if mode == NEVER or (mode == LAST and substep < substeps - 1):
            return
        share = 1.0 if mode == LAST else 1.0 / substeps
        model, data, first = cell.model, cell.data, cell.bodies.start - 1
        for i in range(data.ncon):
            contact = data.contact[i]
            mujoco.mj_contactForce(model, data, i, self._wrench)
            frame = contact.frame.reshape(3, 3)  # rows: normal from geom1 to geom2, and two tangents
            normal = share * self._wrench[0] * frame[0]
            full = share * self._wrench[:3] @ frame
            moment = rot.cross(contact.pos, full)
            for geom, sign in ((contact.geom1, -1.0), (contact.geom2, 1.0)):
                body = model.geom_bodyid[geom]
                if body:
                    self.normal[first + body] += sign * normal
                    self.full[first + body] += sign * full
                    self.moment[first + body] += sign * moment

    def net(self) -> Any:
        """What the net contact force tensor shows."""
        return self.full if Settings.net_contact == "full" else self.normal
