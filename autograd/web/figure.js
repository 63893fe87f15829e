for (const image of document.querySelectorAll('img[data-figure]')) {
  const bytes = Uint8Array.from(atob(image.src.split(",")[1]), c => c.charCodeAt(0));
  const figure = document.createElement("div");
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", image.alt);
  figure.innerHTML = new TextDecoder().decode(bytes);
  figure.firstElementChild.style.maxWidth = "none";
  image.replaceWith(figure);
}
