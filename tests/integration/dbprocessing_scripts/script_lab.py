"""What the tests of the scripts name: dates, how a script is called, a second mission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from command_lab import Said
from processing_lab import HEAD, Lab

from headwater.missions.apply import apply
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.reading import read_mission_files

D1, D2, D3 = date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)


Script = Callable[..., Said]


class Twin(Lab):
    """The mission of the lab once more, under another name, in the same catalog."""

    def change(self, sections: Sequence[str], **_settings: object) -> LoadedMission:
        file = self.root / "twin.conf"
        head = HEAD.format(root=self.root).replace("mission_name = lab", "mission_name = twin")
        file.write_text(head + "".join(sections))
        apply(self.catalog, read_mission_files([file]), self.actor)
        return self.mission

    @property
    def mission(self) -> LoadedMission:
        return load_mission(self.catalog, "twin")
