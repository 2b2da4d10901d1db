//! What strangers hear.

use crate::Text;

words! {
    no_owner():
        "This PoCo has no owner yet. If it is yours, run `poco pair` on its machine and send me the code it prints, in a direct message.",
        "这个 PoCo 还没有所有者。如果它是你的，请在运行它的机器上执行 `poco pair`，并通过单聊把显示的配对码发给我。";
    code_is_void():
        "This pairing code is no longer good. Run `poco pair` on the machine for a new one.",
        "这个配对码已失效。请在运行它的机器上执行 `poco pair` 获取新的配对码。";
    one_try_left(): "That is not the code. You have 1 more try.", "配对码不正确，还可以再试 1 次。";
    tries_left(count):
        "That is not the code. You have {count} more tries.",
        "配对码不正确，还可以再试 {count} 次。";
    too_fast(): "Too fast. Wait a moment and try again.", "操作太快，请稍后再试。";
    owner_only(): "Sorry, this PoCo works for its owner only.", "抱歉，这个 PoCo 只为它的所有者服务。";
}

/// Says that a code was wrong, and how often more it may be tried.
pub fn wrong_code(left: u8) -> Text {
    if left == 1 { one_try_left() } else { tries_left(left) }
}
