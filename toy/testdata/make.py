"""Writes the clouds of this folder as people's programs write them. It wants numpy, pandas and polars:

    pip install numpy==2.4.6 pandas==3.1.1 polars==2.1.0
    python make.py

text/ holds what ReadCSV reads as the points below; wrong/ what it refuses; arrays/ what ReadNPY and ReadNPZ read or
refuse. read_test.go says what is right for each. Files of R and of Excel are written here as those write them: R's manual
of write.table, and Excel's "CSV UTF-8", "CSV" and "Unicode Text".
"""
import os

import numpy as np
import pandas as pd
import polars as pl

x = np.array([[0.5, 1.5], [-0.2, 0.3], [1.1, 0.9]])
named = pd.DataFrame(x, columns=["x", "y"])
plain = pd.DataFrame(x)
rows = ["0.5,1.5", "-0.2,0.3", "1.1,0.9"]
german = ["0,5;1,5", "-0,2;0,3", "1,1;0,9"]


def write(path, text, encoding="utf-8", newline="\n"):
    with open(path, "wb") as f:
        f.write(text.replace("\n", newline).encode(encoding))


for folder in ("text", "wrong", "arrays"):
    os.makedirs(folder, exist_ok=True)

# what is read
named.to_csv("text/pandas_no_index.csv", index=False)
plain.to_csv("text/pandas_bare.csv", index=False, header=False)
named.to_csv("text/pandas_tabs.tsv", index=False, sep="\t")
named.to_csv("text/pandas_german.csv", index=False, sep=";", decimal=",")
named.to_csv("text/pandas_german_quoted.csv", index=False, decimal=",")
named.to_csv("text/pandas_utf16.csv", index=False, encoding="utf-16")
named.to_csv("text/pandas_utf8_mark.csv", index=False, encoding="utf-8-sig")
named.to_csv("text/pandas_bars.txt", index=False, sep="|")
with open("text/pandas_aligned.txt", "w") as f:
    f.write(named.to_string(index=False) + "\n")
pl.DataFrame(named.to_dict("list")).write_csv("text/polars.csv")
np.savetxt("text/savetxt.txt", x)
np.savetxt("text/savetxt_header.csv", x, header="x y", footer="end")
np.savetxt("text/savetxt_commas.csv", x, delimiter=",", header="x,y")
np.savetxt("text/savetxt_matlab.dat", x, comments="% ", header="x y", fmt="%8.3f")
write("text/excel_separator.csv", "sep=;\nx;y\n" + "\n".join(german) + "\n", "cp1252", "\r\n")
write("text/excel_utf8.csv", "x,y\n" + "\n".join(rows) + "\n", "utf-8-sig", "\r\n")
write("text/excel_unicode_text.txt", "x\ty\n" + "\n".join(r.replace(",", "\t") for r in rows) + "\n", "utf-16", "\r\n")
write("text/excel_mac.csv", "x,y\n" + "\n".join(rows) + "\n", newline="\r")
write("text/excel_german.csv", "Größe;Länge\n" + "\n".join(german) + "\n", "cp1252", "\r\n")
write("text/excel_empty_columns.csv", "x,y,,\n" + "".join(r + ",,\n" for r in rows), newline="\r\n")
write("text/utf16_big_endian.csv", "\ufeffx,y\n" + "\n".join(rows) + "\n", "utf-16-be")
write("text/trailing.csv", "x,y\n" + "".join(r + ",\n" for r in rows))
write("text/trailing_some.csv", rows[0] + ",\n" + rows[1] + "\n" + rows[2] + ",\n")
write("text/german_spaces.txt", "\n".join(r.replace(";", " ") for r in german) + "\n")
write("text/r_csv2_no_names.csv", '"x";"y"\n' + "\n".join(german) + "\n")
write("text/comment_above.csv", "# 3 points\n" + "\n".join(rows) + "\n")
write("text/aligned.dat", "   x     y\n  0.5   1.5\n -0.2   0.3\n  1.1   0.9\n")

# what is refused
named.to_csv("wrong/pandas_index.csv")
named.sample(frac=1, random_state=1).to_csv("wrong/pandas_index_shuffled.csv")
named[:1].to_csv("wrong/pandas_index_one_row.csv")
named.to_csv("wrong/pandas_index_bare.csv", header=False)
plain.to_csv("wrong/pandas_index_numbers.csv")
plain.to_csv("wrong/pandas_numbers.csv", index=False)
pd.DataFrame(x, columns=[2019, 2020]).to_csv("wrong/pandas_years.csv", index=False)
pd.DataFrame(x[:, 0]).to_csv("wrong/pandas_series.csv", index=False)
pd.read_csv("wrong/pandas_index.csv").to_csv("wrong/pandas_index_again.csv", index=False)
named.to_csv("wrong/pandas_index_german.csv", sep=";", decimal=",")
named.set_index(pd.date_range("2020-01-01", periods=3)).to_csv("wrong/pandas_dates.csv")
named.assign(y=[1.5, np.nan, 0.9]).to_csv("wrong/pandas_missing.csv", index=False)
named.assign(label=np.nan).to_csv("wrong/pandas_empty_column.csv", index=False)
pl.DataFrame(named.to_dict("list")).with_row_index().write_csv("wrong/polars_index.csv")
write("wrong/r_csv.csv", '"","x","y"\n' + "".join(f'"{i + 1}",{r}\n' for i, r in enumerate(rows)))
write("wrong/r_table.txt", '"x" "y"\n' + "".join(f'"{i + 1}" {r.replace(",", " ")}\n' for i, r in enumerate(rows)))
write("wrong/r_names.csv", '"","x","y"\n' + "".join(f'"Mazda {i}",{r}\n' for i, r in enumerate(rows)))
write("wrong/r_missing.csv", "NA,NA\n" + "\n".join(rows) + "\n")
write("wrong/german_one_column.csv", "x\n0,5\n-0,2\n1,1\n")
write("wrong/thousands.csv", "x;y\n1,234;5,678\n2,345;6,789\n")
write("wrong/points_and_commas.csv", "x;y\n1.5;2,5\n")
write("wrong/excel_error.csv", "x,y\n0.5,1.5\n#N/A,0.3\n")
write("wrong/utf16_no_mark.csv", "x,y\n" + "\n".join(rows) + "\n", "utf-16-le")
write("wrong/ragged.csv", "x;y\n0.5;1.5\n-0.2\n")
write("wrong/lost_cell.tsv", "0.5\t1.5\n-0.2\t\n")

# arrays
wide = np.arange(6).reshape(3, 2) / 4 - 0.5
for name, array in {
    "float16": wide.astype("<f2"), "float16_big_endian": wide.astype(">f2"), "float16_fortran": np.asfortranarray(wide.astype("<f2")),
    "float32": wide.astype("<f4"), "float32_big_endian": wide.astype(">f4"), "float64_fortran": np.asfortranarray(wide),
    "bool": wide > 0, "bytes": (4 * wide + 2).astype(np.uint8), "uint32_big_endian": (4 * wide + 2).astype(">u4"),
    "int16_big_endian": (4 * wide).astype(">i2"),
    "three_axes": wide[:, :, None], "three_axes_middle": np.asfortranarray(wide[:, None, :]), "line": wide[:, 0],
    "images": np.zeros((3, 2, 2), np.float32), "images_last": np.zeros((2, 2, 3), np.float32), "scalar": np.float64(1),
    "nothing": np.zeros((0, 2)), "longdouble": wide.astype(np.longdouble), "complex64": wide.astype("<c8"),
    "strings": np.array([["a", "b"]]), "dates": np.array([["2020-01-01"]], "M8[D]"),
    "structured": np.array([(1, 2)], [("x", "<f4"), ("y", "<f4")]),
}.items():
    np.save(f"arrays/{name}.npy", array)
np.save("arrays/objects.npy", np.array([[1, "a"]], object), allow_pickle=True)
halves = np.arange(0, 1 << 16, 97, dtype=np.uint16).view("<f2")
halves = halves[np.isfinite(halves)]
np.save("arrays/halves.npy", halves)
np.save("arrays/halves_as_float64.npy", halves.astype("<f8"))
np.savez("arrays/one.npz", x=wide)
np.savez_compressed("arrays/one_compressed.npz", wide)
np.savez("arrays/two.npz", x=wide, labels=np.arange(3), names=np.array([["a"]], object))
with open("arrays/zip.npy", "wb") as f:
    np.savez(f, x=wide)
