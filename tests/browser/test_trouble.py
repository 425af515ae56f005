"""What goes wrong, and how a person is told and helped."""

import shutil

import pytest

from tests.browser.conftest import AddBoard
from tests.browser.frontend import Frontend
from tests.real_home import DOMAIN, HomeClient, eventually
from tests.virtual_board.bad_sketches import OTHER_BOARDS
from tests.virtual_board.sketches import Quirks, build_sketch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZE = 16 * 1024


async def test_lost_password(client: HomeClient, frontend: Frontend, add_board: AddBoard) -> None:
    """A board was flashed by cable: an install says that the password is wrong, and a repair asks for the new one."""
    board, known = await add_board("Balcony")
    await board.flash_over_usb(build_sketch("Balcony", "lantern", "1.0.0", size=SIZE))
    await known.offer("balcony-1.1.0.bin", build_sketch("Balcony", "lantern", "1.1.0", size=SIZE), "1.1.0")

    await frontend.open_device(known)
    await frontend.press_text("Firmware")
    await frontend.press("Update")
    await frontend.sees("password")
    await frontend.take_picture("password-refused")
    assert not board.flashed

    await frontend.open("/config/repairs")
    await frontend.sees("Balcony")
    await frontend.take_picture("repairs-password")
    await frontend.press_text("Authentication expired for Balcony")
    await frontend.sees("no longer accepts any of its known passwords")
    await frontend.take_picture("reauth")
    await frontend.enter_password("lantern")
    await frontend.sees("The password was verified and saved")
    await frontend.press_text("Close")
    await eventually(lambda: known.passwords[0] == "lantern", what="the new password in the keyring")
    assert not await client.flows(DOMAIN)


async def test_not_back(client: HomeClient, frontend: Frontend, add_board: AddBoard) -> None:
    """A board does not come back after its flash: there is a way to recover, and it ends when the board is back."""
    board, known = await add_board("Cistern", comes_back=False)
    await known.offer("cistern-1.1.0.bin", build_sketch("Cistern", version="1.1.0", size=SIZE), "1.1.0")

    await frontend.open_device(known)
    await frontend.press_text("Firmware")
    await frontend.press("Update")
    await frontend.sees("come back online")
    await frontend.take_picture("not-back")
    await frontend.open("/config/repairs")
    await frontend.press_text("Cistern did not come back online")
    await frontend.sees("Press its reset button once")
    await frontend.take_picture("repair")
    await frontend.press_text("Check now")
    await frontend.sees("Couldn't connect to Cistern")
    await frontend.take_picture("repair-still-away")

    await board.flash_over_usb(board.flashed[0])
    board.flashed.clear()
    await board.power_off()
    await board.power_on()
    await frontend.press_text("Check now")
    await frontend.sees("The issue is repaired")
    await frontend.open_device(known)
    await frontend.sees("Firmware: 1.1.0")
    assert not await client.issues(DOMAIN)


async def test_absent(frontend: Frontend, add_board: AddBoard) -> None:
    """A board is away when its update is ordered: the dialog says that it waits, and it is updated once it is back."""
    board, known = await add_board("Orchard")
    image = build_sketch("Orchard", version="1.1.0", size=SIZE)
    await known.offer("orchard-1.1.0.bin", image, "1.1.0")
    await board.power_off()

    await frontend.open_device(known)
    await frontend.press_text("Firmware")
    await frontend.press("Update")
    await frontend.sees("Orchard is offline. The update starts when it's back")
    await frontend.take_picture("waiting")
    await frontend.press("Close")
    await board.power_on()
    await frontend.sees("Firmware: 1.1.0")
    assert board.flashed == [image]


async def test_folder(frontend: Frontend, add_board: AddBoard) -> None:
    """Sketches that must not be flashed are not offered, and the repairs say why; they make a lost folder again, too."""
    _, known = await add_board("Pond")
    await known.drop("pond-2.0.0.bin", build_sketch("Pond", version="2.0.0", board=OTHER_BOARDS[0], size=SIZE))
    await known.drop("pond-2.1.0.bin", build_sketch("Pond", version="2.1.0", size=SIZE, quirks=Quirks(poll=False)))

    await frontend.open("/config/repairs")
    await frontend.sees("can't be offered")
    await frontend.take_picture("repairs")
    await frontend.page.get_by_text("can't be offered").filter(visible=True).first.click()
    await frontend.sees("pond-2.1.0.bin")
    await frontend.take_picture("repair-refused")
    assert (await known.firmware())["state"] == "off"
    await frontend.press("Close")

    folder = await known.folder()
    shutil.rmtree(folder)
    await frontend.page.get_by_text("Can't use the folder").filter(visible=True).first.click()
    await frontend.sees("Affected boards")
    await frontend.take_picture("repair-folder")
    await frontend.press_text("Create the folder")
    await frontend.sees("The issue is repaired")
    assert folder.is_dir()
