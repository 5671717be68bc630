"""A scene with some of its photographs only."""

from __future__ import annotations

from dataclasses import dataclass, field

from nerfstudio.data.dataparsers.base_dataparser import DataparserOutputs

from idr_neus_plugins.data.idr_dataparser import IdrDataParser, IdrDataParserConfig
from idr_neus_plugins.data.outputs import select_views


@dataclass
class FewViewsConfig(IdrDataParserConfig):
    _target: type = field(default_factory=lambda: FewViews)
    share: float = 1.0
    """Of the training views and of those held out, from the first; at least one of each."""


class FewViews(IdrDataParser):
    config: FewViewsConfig

    def _parse(self) -> tuple[DataparserOutputs, DataparserOutputs]:
        training, held_out = super()._parse()
        return self._first(training), self._first(held_out)

    def _first(self, views: DataparserOutputs) -> DataparserOutputs:
        return select_views(views, list(range(max(1, round(self.config.share * len(views.cameras))))))
