"""``make evaluate`` on one small world: polled, measured, printed, held to its bars."""

from benchmarks.association import page
from benchmarks.association.evaluate import main


def test_every_figure_is_printed_and_written(tmp_path, monkeypatch, capfd):
    """The page and its pictures say the same as the terminal; 1 means a missed bar."""
    monkeypatch.setattr(page, "DOCS", tmp_path)
    monkeypatch.setattr(page, "_FIGURES", tmp_path / "figures")
    code = main(["--accounts", "4", "--jobs", "1", "--write", "ordinary_sellers"])
    text = (tmp_path / "association-figures.md").read_text()
    assert text in capfd.readouterr().out
    assert code == ("**missed**" in text)
    for heading in ("Bars", "Worlds", "Missing roles", "Calibration", "Slices"):
        assert f"\n## {heading}\n" in text
    for picture in ("roles-missing", "reliability", "precision-by-coverage"):
        assert f"figures/{picture}.svg" in text
        assert (tmp_path / "figures" / f"{picture}.svg").read_text().startswith("<svg")
