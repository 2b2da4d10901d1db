//! Why an agent could not do something; its own words are quoted, not spoken by PoCo.

words! {
    not_here(agent, known): "There is no agent “{agent}” on this machine. There is: {known}.", "这台机器上没有智能体“{agent}”，可选：{known}。";
}
