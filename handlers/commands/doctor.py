"""`/neumann doctor`: would an alert get through?"""

from __future__ import annotations

from handlers.authorization import check_colleague
from handlers.commands.answers import Asked, DoctorReport
from handlers.errors import Refused
from handlers.ports import Ports


async def examine(ports: Ports, asked: Asked) -> DoctorReport:
    """Ask everything that stands between an alert and its thread.

    Raises:
        NotAllowed: If the asker is a guest or a stranger: the lines name hosts and versions.
        Refused: If this process has no doctor.
    """
    await check_colleague(ports, asked.by)
    if ports.doctor is None:
        raise Refused("This process has no doctor; `neumann-bot doctor` on the bot's host asks the same.")
    return DoctorReport(tuple([each async for each in ports.doctor.examine()]))
