// Shows that scripts and their MIME types work as on any site.
const line = document.getElementById("check");
fetch("media/facts.json")
  .then((response) => response.json())
  .then((facts) => {
    line.textContent = `This script and ${facts.files} other files came from ${location.hostname}.`;
  })
  .catch((error) => {
    line.textContent = `A file of this site did not arrive: ${error}`;
  });
