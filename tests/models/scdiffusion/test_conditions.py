"""Conditions are read from columns of obs, asked for by name, and kept with a model."""

import numpy as np
import pandas as pd
import pytest

from napari_stimpute.errors import InvalidSetting, MissingKey, NotNumbers, TooSmall, UnknownName
from napari_stimpute.models.scdiffusion.conditions import ConditionTable


@pytest.fixture
def obs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "type": pd.Categorical(["B", "T", None, "B", "T", "T"]),
            "treated": [True, False, True, False, True, False],
            "dose": [0.0, 1.0, 2.0, np.nan, 4.0, 3.0],
        },
        index=list("abcdef"),
    )


def test_names_are_labels_and_numbers_are_values(obs: pd.DataFrame) -> None:
    table = ConditionTable.of(obs, ["dose", "type", "treated"])
    assert table.labels == {"type": ("B", "T"), "treated": ("False", "True")}
    assert table.values == {"dose": pytest.approx((2.0, np.sqrt(2.0)))}
    assert table.names == ("type", "treated", "dose")
    assert table.n_categories == (2, 2)


def test_cells_come_back_as_they_were(obs: pd.DataFrame) -> None:
    table = ConditionTable.of(obs, ["type", "dose"])
    again = table.as_columns(table.of_cells(obs))
    assert again["type"].tolist()[:2] == ["B", "T"]
    assert again["type"].isna().tolist() == obs["type"].isna().tolist()
    np.testing.assert_allclose(again["dose"], obs["dose"], rtol=1e-6, atol=1e-6)


def test_what_is_not_named_is_left_open(obs: pd.DataFrame) -> None:
    table = ConditionTable.of(obs, ["type", "treated", "dose"])
    asked = table.asked(3, {"treated": "True", "dose": 2.0})
    assert asked.labels.tolist() == [[-1, 1]] * 3
    assert asked.values.tolist() == [[0.0]] * 3
    assert table.asked(1, {}).values.isnan().all()


def test_a_table_survives_saving(obs: pd.DataFrame) -> None:
    table = ConditionTable.of(obs, ["type", "dose"])
    assert ConditionTable.of_tensor(table.as_tensor()) == table


def test_a_column_that_is_not_there_is_named(obs: pd.DataFrame) -> None:
    with pytest.raises(MissingKey, match="'tissue'"):
        ConditionTable.of(obs, ["tissue"])
    with pytest.raises(MissingKey, match="'dose'"):
        ConditionTable.of(obs, ["dose"]).of_cells(obs[["type"]])
    with pytest.raises(MissingKey, match="values in obs"):
        ConditionTable.of(obs.assign(empty=None), ["empty"])


@pytest.mark.parametrize("wrong", ["high", np.inf, 1e200])
def test_words_and_numbers_without_end_are_no_numbers(obs: pd.DataFrame, wrong: object) -> None:
    table, changed = ConditionTable.of(obs, ["dose"]), obs.astype({"dose": object})
    changed.loc["b", "dose"] = wrong
    with pytest.raises(NotNumbers, match=r"obs\['dose'\].*in 1 cells"):
        table.of_cells(changed)
    if wrong != "high":  # a column of words holds labels
        with pytest.raises(NotNumbers, match="leave them empty"):
            ConditionTable.of(changed.astype({"dose": float}), ["dose"])


def test_a_label_of_one_cell_cannot_be_learned(obs: pd.DataFrame) -> None:
    with pytest.raises(TooSmall, match="a single one of 'NK'"):
        ConditionTable.of(obs.assign(type=["B", "B", "T", "T", "T", "NK"]), ["type"])


def test_wishes_that_were_never_learned_are_refused(obs: pd.DataFrame) -> None:
    table = ConditionTable.of(obs, ["type", "dose"])
    with pytest.raises(UnknownName, match="'NK'"):
        table.asked(1, {"type": "NK"})
    with pytest.raises(UnknownName, match="'tissue'"):
        table.asked(1, {"tissue": "lung"})
    with pytest.raises(UnknownName, match="'NK'"):
        table.of_cells(obs.assign(type="NK"))
    for wish in ("high", float("nan"), float("inf")):
        with pytest.raises(InvalidSetting, match="dose"):
            table.asked(1, {"dose": wish})
