document.querySelectorAll("table.sortable thead button").forEach((button) => {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = button.closest("table").tBodies[0], column = head.cellIndex;
    const falls = head.getAttribute("aria-sort") !== "descending";
    head.parentNode.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const key = (row) => row.cells[column].dataset.value;
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) {
        const order = (x === undefined) - (y === undefined);
        return order || (falls ? -1 : 1) * a.cells[column].textContent.localeCompare(b.cells[column].textContent);
      }
      return (falls ? -1 : 1) * (x - y);
    };
    [...body.rows].sort(compare).forEach((row) => body.append(row));
  });
});
